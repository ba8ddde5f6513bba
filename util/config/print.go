package config

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Print gives the configuration as TOML, each line with where its value came
// from and without secrets.
func (c *Config) Print() string {
	var b strings.Builder
	for _, o := range options() {
		text := c.text(o.key)
		if o.secret {
			state := "not set"
			if text != "" {
				state = "set, from " + c.origin[o.key]
			}
			fmt.Fprintf(&b, "# %s: %s\n", o.env(), state)
			continue
		}
		fmt.Fprintf(&b, "%s = %s # %s\n", o.key, strconv.Quote(text), c.origin[o.key])
	}
	return b.String()
}

// Database gives the database's source without its password.
func (c *Config) Database() string {
	if strings.HasPrefix(c.DB, "sqlite:") {
		return c.DB
	}
	return redacted(c.DB)
}

// redacted is an address without its password.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(unreadable)"
	}
	return u.Redacted()
}

// BusAddress gives the bus without passwords; it may name several servers.
func (c *Config) BusAddress() string {
	scheme, rest, remote := strings.Cut(c.Bus, "://")
	if !remote {
		return c.Bus
	}
	hosts := strings.Split(rest, ",")
	for i, host := range hosts {
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			user, _, _ := strings.Cut(host[:at], ":")
			hosts[i] = user + ":xxxxx" + host[at:]
		}
	}
	return scheme + "://" + strings.Join(hosts, ",")
}

func (c *Config) text(key string) string {
	onOff := map[bool]string{true: "on", false: "off"}
	switch key {
	case "listen":
		return c.Listen
	case "internal":
		return c.Internal
	case "data":
		return c.Data
	case "db":
		return c.Database()
	case "blob":
		return c.Blob
	case "bus":
		return c.BusAddress()
	case "limits":
		return onOff[c.Limits]
	case "log":
		return c.Log
	case "log-level":
		return strings.ToLower(c.LogLevel.String())
	case "tls-cert":
		return c.TLSCert
	case "tls-key":
		return c.TLSKey
	case "tls-self":
		return onOff[c.TLSSelf]
	case "tls-names":
		return strings.Join(c.TLSNames, ",")
	case "acme-hosts":
		return strings.Join(c.ACMEHosts, ",")
	case "acme-email":
		return c.ACMEEmail
	case "acme-directory":
		return c.ACMEDirectory
	case "allowed-origins":
		return strings.Join(c.AllowedOrigins, ",")
	case "trusted-proxies":
		p := make([]string, len(c.TrustedProxies))
		for i, n := range c.TrustedProxies {
			p[i] = n.String()
		}
		return strings.Join(p, ",")
	case "classic-tokens":
		return onOff[c.ClassicTokens]
	case "max-upload":
		return strconv.FormatInt(c.MaxUpload, 10)
	case "quota":
		return strconv.FormatInt(c.Quota, 10)
	case "receipts":
		return onOff[c.Receipts]
	case "link-preview":
		return onOff[c.LinkPreview]
	case "push-contact":
		return c.PushContact
	case "notify-private":
		return onOff[c.NotifyPrivate]
	case "smtp":
		return redacted(c.SMTP)
	case "recall-window":
		return c.RecallWindow.String()
	case "sessions-per-user":
		return strconv.Itoa(c.SessionsPerUser)
	case "drain-timeout":
		return c.DrainTimeout.String()
	case "call-ring":
		return c.CallRing.String()
	case "turn":
		return c.Turn
	case "turn-public":
		if c.TurnPublic.IsValid() {
			return c.TurnPublic.String()
		}
	case "turn-ports":
		return c.TurnPorts.String()
	case "turn-lan":
		return onOff[c.TurnLAN]
	case "turn-only":
		return onOff[c.TurnOnly]
	case "bus-secret":
		return c.BusSecret
	case "oss-key-id":
		return c.OSSKeyID
	case "oss-key-secret":
		return c.OSSKeySecret
	}
	return ""
}
