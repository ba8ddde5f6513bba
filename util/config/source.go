package config

import "strings"

// found is what one source of settings holds.
type found struct {
	values []value
	file   string // the -config file
	help   bool
}

// parseFlags reads -key value, -key=value and the same with two dashes. It is
// not the flag package because that stops at the first fault.
func (l *loader) parseFlags(args []string) found {
	var f found
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "-")
		if !isFlag || name == "" {
			l.fault("%q: not an option (options begin with -)", args[i])
			continue
		}
		name = strings.TrimPrefix(name, "-")
		name, text, given := strings.Cut(name, "=")
		if name == "h" || name == "help" {
			return found{help: true}
		}
		o, known := find(name)
		if !known && name != "config" {
			l.fault("-%s: unknown option", name)
			if !given && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++ // its value, most likely: one fault, not two
			}
			continue
		}
		if !given {
			if i+1 == len(args) {
				l.fault("-%s: a value is missing", name)
				continue
			}
			i++
			text = args[i]
		}
		switch {
		case name == "config":
			f.file = text
		case o.secret:
			l.fault("-%s: a secret on the command line is seen by everyone on the machine: use %s or %s_FILE", name, o.env(), o.env())
		default:
			f.values = append(f.values, value{name, text, "flag -" + name})
		}
	}
	return f
}

// parseEnv reads the variables that begin with Prefix.
func (l *loader) parseEnv(env []string) found {
	var f found
	names := map[string]option{}
	for _, o := range options() {
		names[o.env()] = o
	}
	for _, entry := range env {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, Prefix) {
			continue
		}
		from := "environment " + name
		if name == Prefix+"CONFIG" {
			f.file = text
			continue
		}
		if o, known := names[name]; known {
			f.values = append(f.values, value{o.key, text, from})
			continue
		}
		base, isFile := strings.CutSuffix(name, "_FILE")
		o, known := names[base]
		if !isFile || !known || (!o.secret && !o.private) {
			l.fault("%s: unknown environment variable", name)
			continue
		}
		secret, err := readSecret(text)
		if err != nil {
			l.fault("%s: %w (from %s)", o.key, err, from)
			continue
		}
		f.values = append(f.values, value{o.key, secret, from})
	}
	return f
}
