package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type timeDuration = time.Duration

type parser = func(c *Config, text string) error

func plain(field func(*Config) *string) parser {
	return func(c *Config, text string) error {
		*field(c) = text
		return nil
	}
}

func required(field func(*Config) *string) parser {
	return func(c *Config, text string) error {
		if text == "" {
			return errors.New("must not be empty")
		}
		*field(c) = text
		return nil
	}
}

func oneOf(field func(*Config) *string, values ...string) parser {
	return func(c *Config, text string) error {
		for _, v := range values {
			if text == v {
				*field(c) = text
				return nil
			}
		}
		return fmt.Errorf("%q: want %s", text, strings.Join(values, " or "))
	}
}

func yesNo(field func(*Config) *bool) parser {
	return func(c *Config, text string) error {
		switch text {
		case "on", "true":
			*field(c) = true
		case "off", "false":
			*field(c) = false
		default:
			return fmt.Errorf("%q: want on or off", text)
		}
		return nil
	}
}

func number(field func(*Config) *int, low, high int) parser {
	return func(c *Config, text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < low || n > high {
			return fmt.Errorf("%q: want a number from %d to %d", text, low, high)
		}
		*field(c) = n
		return nil
	}
}

func duration(field func(*Config) *timeDuration) parser {
	return func(c *Config, text string) error {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q: want a time such as 90s or 2m", text)
		}
		*field(c) = d
		return nil
	}
}

// size reads bytes with an optional unit of 1024s.
func size(field func(*Config) *int64) parser {
	return func(c *Config, text string) error {
		digits := strings.TrimRight(strings.ToUpper(text), "KMGTIB ")
		factor, ok := map[string]int64{
			"": 1, "B": 1, "K": 1 << 10, "KB": 1 << 10, "KIB": 1 << 10, "M": 1 << 20, "MB": 1 << 20, "MIB": 1 << 20,
			"G": 1 << 30, "GB": 1 << 30, "GIB": 1 << 30, "T": 1 << 40, "TB": 1 << 40, "TIB": 1 << 40,
		}[strings.TrimSpace(strings.ToUpper(text)[len(digits):])]
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || !ok || n <= 0 || n > math.MaxInt64/factor {
			return fmt.Errorf("%q: want a size such as 64MB", text)
		}
		*field(c) = n * factor
		return nil
	}
}

func address(field func(*Config) *string, mayBeEmpty bool) parser {
	return func(c *Config, text string) error {
		if text == "" && mayBeEmpty {
			*field(c) = ""
			return nil
		}
		_, port, err := net.SplitHostPort(text)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return fmt.Errorf("%q: want HOST:PORT or :PORT", text)
		}
		*field(c) = text
		return nil
	}
}

func database(c *Config, text string) error {
	if text == "" { // the default hangs on data
		return nil
	}
	if path, ok := strings.CutPrefix(text, "sqlite:"); ok {
		if path == "" {
			return errors.New("sqlite: wants a path")
		}
		c.DB = text
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "mysql" || u.Host == "" || len(u.Path) < 2 {
		// The text may hold a password, so it is not repeated.
		return errors.New("want sqlite:PATH or mysql://user:pass@host:3306/name")
	}
	c.DB = text
	return nil
}

func smtp(c *Config, text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		// The text may hold a password, so it is not repeated.
		return errors.New("want smtp://user:pass@host:587?from=ADDRESS or smtps://…")
	}
	if _, err := mail.ParseAddress(u.Query().Get("from")); err != nil {
		return errors.New("from: want a mail address")
	}
	c.SMTP = text
	return nil
}

// contact is a mail or an https address.
func contact(c *Config, text string) error {
	address := strings.TrimPrefix(text, "mailto:")
	if _, err := mail.ParseAddress(address); text != "" && err != nil && !strings.HasPrefix(text, "https://") {
		return fmt.Errorf("%q: want a mail address, or one that begins with https://", text)
	}
	c.PushContact = address
	return nil
}

func blobStore(c *Config, text string) error {
	if text == "" { // the default hangs on data
		return nil
	}
	if path, ok := strings.CutPrefix(text, "local:"); ok && path != "" {
		c.Blob = text
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "oss" || u.Host == "" || u.Query().Get("endpoint") == "" {
		return fmt.Errorf("%q: want local:FOLDER or oss://bucket?endpoint=…", text)
	}
	c.Blob = text
	return nil
}

// bus takes an address whose scheme is known; the rest is checked together with
// the secret, by who opens it.
func bus(c *Config, text string) error {
	scheme, rest, found := strings.Cut(text, "://")
	known := scheme == "udp" || scheme == "nats" || scheme == "nats+embedded"
	if text != "local" && (!found || !known || rest == "") {
		// The text may hold a password, so it is not repeated.
		return errors.New("want local, udp://192.168.0.255:3000, nats://host:4222 or nats+embedded://BIND:PORT?peers=A:PORT,B:PORT")
	}
	c.Bus = text
	return nil
}

func logLevel(c *Config, text string) error {
	switch text {
	case "debug", "info", "warn", "error":
		return c.LogLevel.UnmarshalText([]byte(text))
	}
	return fmt.Errorf("%q: want debug, info, warn or error", text)
}

func list(text string) []string {
	var l []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			l = append(l, part)
		}
	}
	return l
}

// names reads host names; they are kept in lower case.
func names(field func(*Config) *[]string) parser {
	return func(c *Config, text string) error {
		var faults []error
		*field(c) = nil
		for _, name := range list(strings.ToLower(text)) {
			if strings.ContainsAny(name, " /:*@") || net.ParseIP(name) != nil {
				faults = append(faults, fmt.Errorf("%q: want a host name such as chat.example.com", name))
				continue
			}
			*field(c) = append(*field(c), name)
		}
		return errors.Join(faults...)
	}
}

func httpsURL(field func(*Config) *string) parser {
	return func(c *Config, text string) error {
		u, err := url.Parse(text)
		if text != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
			return fmt.Errorf("%q: want an address that begins with https://", text)
		}
		*field(c) = text
		return nil
	}
}

func origins(c *Config, text string) error {
	var faults []error
	for _, o := range list(text) {
		u, err := url.Parse(o)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || o != u.Scheme+"://"+u.Host {
			faults = append(faults, fmt.Errorf("%q: want an origin such as https://chat.example.com, without a path", o))
			continue
		}
		c.AllowedOrigins = append(c.AllowedOrigins, strings.ToLower(o))
	}
	return errors.Join(faults...)
}

// advertise reads the address at which clients reach this node.
func advertise(c *Config, text string) error {
	u, err := url.Parse(text)
	if text != "" && (err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || text != u.Scheme+"://"+u.Host || len(text) > 300) {
		return fmt.Errorf("%q: want an address such as https://node1.example.com, without a path", text)
	}
	c.Advertise = strings.ToLower(text)
	return nil
}

func proxies(c *Config, text string) error {
	var faults []error
	for _, p := range list(text) {
		if a, err := netip.ParseAddr(p); err == nil {
			c.TrustedProxies = append(c.TrustedProxies, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		n, err := netip.ParsePrefix(p)
		if err != nil {
			faults = append(faults, fmt.Errorf("%q: want an address or a network such as 10.0.0.0/8", p))
			continue
		}
		c.TrustedProxies = append(c.TrustedProxies, n.Masked())
	}
	return errors.Join(faults...)
}
