package config

import (
	"errors"
	"flag"
	"strings"
	"testing"
)

// FuzzLoad: arguments and environment, a line each. Whatever stands there, it
// is a configuration or a fault, and what is printed holds no secret.
func FuzzLoad(f *testing.F) {
	f.Add("-listen=:80\n-data\n/tmp/x", "HONGYAN_DB=mysql://u:p@h/n\nHONGYAN_QUOTA=1TB")
	f.Add("-turn=auto\n-turn-ports=1-2\n-turn-public=1.2.3.4", "HONGYAN_TRUSTED_PROXIES=10.0.0.0/8,::1\nHONGYAN_SMTP=smtp://u:p@h:587?from=a@b")
	f.Add("-acme-hosts=a.b,c.d\n-push-contact=mailto:a@b", "HONGYAN_OSS_KEY_SECRET=x\nHONGYAN_MAX_UPLOAD=9 EiB\nNOTHING\n=\nHONGYAN_=")
	f.Add("-help", "")
	f.Add("-allowed-origins=https://a.b,http://[::1]:80\n-recall-window=1e9h\n-sessions-per-user=-1\n-log=xml", "HONGYAN_CALL_RING=\x00")
	f.Fuzz(func(t *testing.T, args, env string) {
		const secret = "a-secret-that-nobody-types"
		if strings.Contains(args+env, "_FILE") || strings.Contains(args, "config") || strings.Contains(env, "CONFIG") {
			t.Skip() // would read the machine's files
		}
		c, err := Load(strings.Split(args, "\n"), append(strings.Split(env, "\n"), "HONGYAN_OSS_KEY_SECRET="+secret))
		if (c == nil) == (err == nil) {
			t.Fatalf("config %v and error %v", c, err)
		}
		if err != nil {
			if !errors.Is(err, flag.ErrHelp) && (err.Error() == "" || strings.Contains(err.Error(), secret)) {
				t.Errorf("says %q", err)
			}
			return
		}
		if strings.Contains(c.Print(), secret) || strings.Contains(c.Database(), secret) {
			t.Error("the secret is printed")
		}
		if c.MaxUpload <= 0 || c.Quota <= 0 || c.RecallWindow <= 0 || c.DrainTimeout <= 0 || c.SessionsPerUser <= 0 || c.DB == "" {
			t.Errorf("taken: %+v", c)
		}
	})
}
