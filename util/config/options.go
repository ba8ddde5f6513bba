package config

import (
	"fmt"
	"strings"
)

// option is one setting: its key in a file and on the command line, its
// default, and how its text becomes a field.
type option struct {
	key     string
	value   string // the default
	unit    string // what the usage shows in the value's place
	usage   string
	secret  bool // from the environment only, never printed
	private bool // may carry a password: printed redacted, may come by _FILE
	parse   func(c *Config, text string) error
}

// env is the name of the option's environment variable.
func (o option) env() string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(o.key, "-", "_"))
}

// options is the table of all settings, in the order in which they are shown.
func options() []option {
	return []option{
		{key: "listen", value: ":8080", unit: "HOST:PORT", usage: "public address",
			parse: address(func(c *Config) *string { return &c.Listen }, false)},
		{key: "internal", value: "127.0.0.1:8081", unit: "HOST:PORT", usage: "internal address: health, metrics; empty = off",
			parse: address(func(c *Config) *string { return &c.Internal }, true)},
		{key: "data", value: "./data", unit: "FOLDER", usage: "SQLite file, uploads, lock",
			parse: required(func(c *Config) *string { return &c.Data })},
		{key: "db", unit: "SOURCE", usage: "sqlite:PATH or mysql://user:pass@host:3306/name (default sqlite:DATA/hongyan.db)",
			private: true, parse: database},
		{key: "blob", unit: "STORE", usage: "local:FOLDER or oss://bucket?endpoint=… (default local:DATA/files)",
			parse: blobStore},
		{key: "bus", value: "local", unit: "BUS", usage: "to other nodes: local (none), udp://192.168.0.255:3000, nats://host:4222, nats+embedded://BIND:PORT?peers=A:PORT,B:PORT",
			private: true, parse: bus},
		{key: "limits", value: "on", unit: "on|off", usage: "rate limits; off for load tests alone",
			parse: yesNo(func(c *Config) *bool { return &c.Limits })},
		{key: "log", value: "text", unit: "text|json", usage: "form of the log",
			parse: oneOf(func(c *Config) *string { return &c.Log }, "text", "json")},
		{key: "log-level", value: "info", unit: "LEVEL", usage: "debug, info, warn or error", parse: logLevel},
		{key: "tls-cert", unit: "FILE", usage: "certificate chain (PEM): serve HTTPS",
			parse: plain(func(c *Config) *string { return &c.TLSCert })},
		{key: "tls-key", unit: "FILE", usage: "private key (PEM) of the certificate",
			parse: plain(func(c *Config) *string { return &c.TLSKey })},
		{key: "tls-self", value: "off", unit: "on|off", usage: "HTTPS by an authority of this server's own, for a LAN",
			parse: yesNo(func(c *Config) *bool { return &c.TLSSelf })},
		{key: "tls-names", unit: "LIST", usage: "further local names of this server for tls-self, such as chat.school.lan", parse: names(func(c *Config) *[]string { return &c.TLSNames })},
		{key: "acme-hosts", unit: "LIST", usage: "public names of this server: HTTPS with certificates from Let's Encrypt", parse: names(func(c *Config) *[]string { return &c.ACMEHosts })},
		{key: "acme-email", unit: "ADDRESS", usage: "whom the certificate authority may write to",
			parse: plain(func(c *Config) *string { return &c.ACMEEmail })},
		{key: "acme-directory", unit: "URL", usage: "another ACME authority than Let's Encrypt", parse: httpsURL(func(c *Config) *string { return &c.ACMEDirectory })},
		{key: "allowed-origins", unit: "LIST", usage: "further origins (https://chat.example.com) that may call this server", parse: origins},
		{key: "advertise", unit: "URL", usage: "address of this node for GET /dispatch, where clients choose among several", parse: advertise},
		{key: "trusted-proxies", unit: "LIST", usage: "addresses or networks whose X-Forwarded-* headers count", parse: proxies},
		{key: "classic-tokens", value: "off", unit: "on|off", usage: "accept /chat?id=ID&token=TOKEN of classic clients",
			parse: yesNo(func(c *Config) *bool { return &c.ClassicTokens })},
		{key: "max-upload", value: "64MB", unit: "SIZE", usage: "largest upload",
			parse: size(func(c *Config) *int64 { return &c.MaxUpload })},
		{key: "quota", value: "2GB", unit: "SIZE", usage: "stored files per user",
			parse: size(func(c *Config) *int64 { return &c.Quota })},
		{key: "link-preview", value: "off", unit: "on|off", usage: "look at pages that people share: they learn this server's address",
			parse: yesNo(func(c *Config) *bool { return &c.LinkPreview })},
		{key: "push-contact", unit: "ADDRESS", usage: "mail or https address by which push services may reach you (default: the site's own)",
			parse: contact},
		{key: "notify-private", value: "off", unit: "on|off", usage: "let users' webhooks and the like reach private addresses, without TLS",
			parse: yesNo(func(c *Config) *bool { return &c.NotifyPrivate })},
		{key: "smtp", unit: "SERVER", usage: "smtp://user:pass@host:587?from=ADDRESS or smtps://…: notices by mail", private: true, parse: smtp},
		{key: "recall-window", value: "2m", unit: "TIME", usage: "how long a sender may recall a message",
			parse: duration(func(c *Config) *timeDuration { return &c.RecallWindow })},
		{key: "receipts", value: "on", unit: "on|off", usage: "tell senders whether what they said was delivered and read",
			parse: yesNo(func(c *Config) *bool { return &c.Receipts })},
		{key: "sessions-per-user", value: "20", unit: "NUMBER", usage: "devices signed in at once; the oldest gives way",
			parse: number(func(c *Config) *int { return &c.SessionsPerUser }, 1, 1000)},
		{key: "drain-timeout", value: "15s", unit: "TIME", usage: "longest shutdown",
			parse: duration(func(c *Config) *timeDuration { return &c.DrainTimeout })},
		{key: "call-ring", value: "1m", unit: "TIME", usage: "how long a call rings before it counts as missed",
			parse: duration(func(c *Config) *timeDuration { return &c.CallRing })},
		{key: "turn", unit: "HOST:PORT", usage: "relay for calls, UDP and TCP; auto = :3478, empty = off", parse: turn},
		{key: "turn-public", unit: "ADDRESS", usage: "address under which the relay is reached, behind NAT (default this machine's)", parse: turnPublic},
		{key: "turn-ports", value: "49160-49959", unit: "FROM-TO", usage: "UDP ports of the relay's ends", parse: turnPorts},
		{key: "turn-lan", value: "off", unit: "on|off", usage: "let the relay reach private addresses",
			parse: yesNo(func(c *Config) *bool { return &c.TurnLAN })},
		{key: "turn-only", value: "off", unit: "on|off", usage: "send every call through the relay: nobody learns another's address",
			parse: yesNo(func(c *Config) *bool { return &c.TurnOnly })},
		{key: "bus-secret", usage: "what all nodes of a cluster know, at least 16 characters", secret: true,
			parse: plain(func(c *Config) *string { return &c.BusSecret })},
		{key: "oss-key-id", usage: "access key of the bucket", secret: true,
			parse: plain(func(c *Config) *string { return &c.OSSKeyID })},
		{key: "oss-key-secret", usage: "secret of the access key", secret: true,
			parse: plain(func(c *Config) *string { return &c.OSSKeySecret })},
	}
}

func find(key string) (option, bool) {
	for _, o := range options() {
		if o.key == key {
			return o, true
		}
	}
	return option{}, false
}

// Usage describes the options, for -help.
func Usage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  -%-32s %s\n", "config FILE", "TOML file with the keys below")
	for _, o := range options() {
		if o.secret {
			continue
		}
		text := o.usage
		if o.value != "" {
			text += " (default " + o.value + ")"
		}
		fmt.Fprintf(&b, "  -%-32s %s\n", o.key+" "+o.unit, text)
	}
	b.WriteString("\nEach is also an environment variable, HONGYAN_LISTEN and so on. From the environment alone,\n" +
		"or from the file that the same name with _FILE gives:\n\n")
	for _, o := range options() {
		if o.secret {
			fmt.Fprintf(&b, "  %-33s %s\n", o.env(), o.usage)
		}
	}
	return b.String()
}
