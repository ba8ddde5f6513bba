// Package config reads the configuration once, at start: defaults, then a TOML
// file, then the environment, then flags, the later ones winning. Every unknown
// key and every bad value is reported at once, each with where it came from.
// The result does not change. It imports nothing of ours.
package config

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// Config is the configuration of one server. Nobody changes it after Load.
type Config struct {
	Listen          string
	Internal        string
	Data            string
	DB              string
	Blob            string
	Bus             string
	BusSecret       string
	Limits          bool
	Log             string
	LogLevel        slog.Level
	TLSCert         string
	TLSKey          string
	TLSSelf         bool
	TLSNames        []string
	ACMEHosts       []string
	ACMEEmail       string
	ACMEDirectory   string
	AllowedOrigins  []string
	Advertise       string
	TrustedProxies  []netip.Prefix
	ClassicTokens   bool
	MaxUpload       int64
	Quota           int64
	LinkPreview     bool
	PushContact     string
	NotifyPrivate   bool
	SMTP            string
	RecallWindow    time.Duration
	Receipts        bool
	SessionsPerUser int
	DrainTimeout    time.Duration
	CallRing        time.Duration
	Turn            string
	TurnPublic      netip.Addr
	TurnPorts       Ports
	TurnLAN         bool
	TurnOnly        bool
	OSSKeyID        string
	OSSKeySecret    string

	origin map[string]string // key → where its value came from
}

// Ports is a range of ports, both ends included.
type Ports struct{ From, To uint16 }

// String gives the range as it is written.
func (p Ports) String() string { return fmt.Sprintf("%d-%d", p.From, p.To) }

// Prefix begins the name of every environment variable that Load reads.
const Prefix = "HONGYAN_"

// Load reads the configuration from the arguments after the subcommand and
// from the environment ("NAME=value" as os.Environ gives it). The error joins
// one error per fault; flag.ErrHelp means that the usage was asked for.
func Load(args, env []string) (*Config, error) {
	l := &loader{koanf: koanf.New("."), origin: map[string]string{}}
	for _, o := range options() {
		l.set(o.key, o.value, "default")
	}
	flags := l.parseFlags(args)
	if flags.help {
		return nil, flag.ErrHelp
	}
	environment := l.parseEnv(env)
	path := flags.file
	if path == "" {
		path = environment.file
	}
	if path != "" {
		l.loadFile(path)
	}
	l.apply(environment.values)
	l.apply(flags.values)
	return l.build()
}

// loader gathers values and faults.
type loader struct {
	koanf  *koanf.Koanf
	origin map[string]string
	faults []error
}

// value is one setting found in the environment or among the flags.
type value struct{ key, text, from string }

func (l *loader) fault(format string, args ...any) {
	l.faults = append(l.faults, fmt.Errorf(format, args...))
}

func (l *loader) set(key string, v any, from string) {
	if err := l.koanf.Load(confmap.Provider(map[string]any{key: v}, ""), nil); err != nil {
		l.fault("%s: %w (from %s)", key, err, from)
		return
	}
	l.origin[key] = from
}

func (l *loader) apply(values []value) {
	for _, v := range values {
		l.set(v.key, v.text, v.from)
	}
}

// loadFile reads a TOML file on top of the defaults.
func (l *loader) loadFile(path string) {
	k := koanf.New(".")
	if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
		l.fault("configuration file %s: %w", path, err)
		return
	}
	from := "file " + path
	for _, key := range k.Keys() {
		o, known := find(key)
		switch {
		case !known:
			l.fault("%s: unknown key (from %s)", key, from)
		case o.secret:
			l.fault("%s: a secret belongs into the environment, as %s or %s_FILE (from %s)", key, o.env(), o.env(), from)
		default:
			l.set(key, k.Get(key), from)
		}
	}
}

// build turns the gathered texts into a Config, or gives all faults.
func (l *loader) build() (*Config, error) {
	c := &Config{origin: l.origin}
	for _, o := range options() {
		text, err := asText(l.koanf.Get(o.key))
		if err == nil {
			err = o.parse(c, text)
		}
		if err != nil {
			l.fault("%s: %w (from %s)", o.key, err, l.origin[o.key])
		}
	}
	if c.DB == "" && c.Data != "" {
		c.DB = "sqlite:" + filepath.Join(c.Data, "hongyan.db")
	}
	if c.Blob == "" && c.Data != "" {
		c.Blob = "local:" + filepath.Join(c.Data, "files")
	}
	l.faults = append(l.faults, c.together()...)
	if err := errors.Join(l.faults...); err != nil {
		return nil, err
	}
	return c, nil
}

// together checks what single values cannot show.
func (c *Config) together() []error {
	var faults []error
	if (c.TLSCert == "") != (c.TLSKey == "") {
		faults = append(faults, errors.New("tls-cert and tls-key: give both or neither"))
	}
	ways := 0
	for _, on := range []bool{c.TLSCert != "" || c.TLSKey != "", c.TLSSelf, len(c.ACMEHosts) > 0} {
		if on {
			ways++
		}
	}
	if ways > 1 {
		faults = append(faults, errors.New("tls-cert, tls-self and acme-hosts: give one of the three"))
	}
	if len(c.TLSNames) > 0 && !c.TLSSelf {
		faults = append(faults, errors.New("tls-names: only with tls-self"))
	}
	if c.TurnOnly && c.Turn == "" {
		faults = append(faults, errors.New("turn-only: there is no relay without turn"))
	}
	if strings.HasPrefix(c.Blob, "oss://") && (c.OSSKeyID == "" || c.OSSKeySecret == "") {
		faults = append(faults, errors.New("blob: oss:// needs HONGYAN_OSS_KEY_ID and HONGYAN_OSS_KEY_SECRET in the environment"))
	}
	if scheme, _, remote := strings.Cut(c.Bus, "://"); remote && scheme != "nats" && c.BusSecret == "" {
		faults = append(faults, fmt.Errorf("bus: %s:// needs HONGYAN_BUS_SECRET (or HONGYAN_BUS_SECRET_FILE) in the environment, the same on every node", scheme))
	}
	if c.Internal != "" && c.Internal == c.Listen && !strings.HasSuffix(c.Listen, ":0") {
		faults = append(faults, fmt.Errorf("internal: %s is the public address too", c.Internal))
	}
	return faults
}

// asText gives a value of a TOML file the form that it has on the command line.
func asText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool, int64, float64, int:
		return fmt.Sprint(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, p := range v {
			s, ok := p.(string)
			if !ok {
				return "", fmt.Errorf("want a list of strings, found %v", p)
			}
			parts[i] = s
		}
		return strings.Join(parts, ","), nil
	}
	return "", fmt.Errorf("want a plain value or a list of strings, found %T", v)
}

// readSecret reads the file that a _FILE variable names.
func readSecret(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
