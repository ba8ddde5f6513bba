package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/util/config"
	"hongyan/util/lock"
)

// keyUsage is how apikey is called.
func keyUsage() error {
	return fmt.Errorf("hongyan apikey create NAME [-scopes %s] | list | revoke ID, and the options of serve that say where the database is\n%w",
		strings.Join(model.Scopes(), ","), errUsage)
}

// apikey makes, lists and ends the keys of programs. It works on the database
// itself, beside a server that runs on it: what it changes holds at once.
func apikey(ctx context.Context, args, env []string, stdout, stderr io.Writer) error {
	words, scopes, rest, err := keyArguments(args)
	if err != nil {
		return err
	}
	c, err := configure(rest, env)
	if errors.Is(err, flag.ErrHelp) {
		_, err = fmt.Fprintln(stdout, keyUsage())
		return err
	}
	if err != nil {
		return err
	}
	var do func(keys *service.APIKeyService) error
	switch {
	case len(words) == 2 && words[0] == "create":
		do = func(keys *service.APIKeyService) error { return createKey(ctx, keys, words[1], scopes, stdout, stderr) }
	case len(words) == 1 && words[0] == "list" && scopes == nil:
		do = func(keys *service.APIKeyService) error { return listKeys(ctx, keys, stdout) }
	case len(words) == 2 && words[0] == "revoke" && scopes == nil:
		do = func(keys *service.APIKeyService) error { return revokeKey(ctx, keys, words[1], stdout) }
	default:
		return keyUsage()
	}
	d, err := openBeside(ctx, c)
	if err != nil {
		return fmt.Errorf("database %s: %w", c.Database(), err)
	}
	return errors.Join(do(service.NewAPIKeyService(d, time.Now)), d.Close())
}

// keyArguments parts the words of apikey and its -scopes from the options of serve.
func keyArguments(args []string) (words, scopes, rest []string, err error) {
	for i := 0; i < len(args); i++ {
		name, value, inline := strings.Cut(strings.TrimPrefix(args[i], "-"), "=")
		switch {
		case args[i] == "" || args[i][0] != '-' && rest == nil:
			words = append(words, args[i])
		case strings.TrimPrefix(name, "-") != "scopes":
			rest = append(rest, args[i])
			if !inline && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++
				rest = append(rest, args[i])
			}
		case !inline && i+1 == len(args):
			return nil, nil, nil, keyUsage()
		default:
			if !inline {
				i++
				value = args[i]
			}
			scopes = strings.Split(value, ",")
		}
	}
	return words, scopes, rest, nil
}

func createKey(ctx context.Context, keys *service.APIKeyService, name string, scopes []string, stdout, stderr io.Writer) error {
	for _, scope := range scopes {
		if !model.ValidScope(scope) {
			return fmt.Errorf("there is no scope %q; there are: %s", scope, strings.Join(model.Scopes(), ", "))
		}
	}
	key, row, err := keys.Create(ctx, name, scopes)
	if errors.Is(err, model.Invalid("name")) {
		return fmt.Errorf("the name: 1 to %d characters, in one line", model.MaxKeyName)
	}
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(stdout, key); err != nil { // alone, for KEY=$(hongyan apikey create NAME)
		return err
	}
	_, err = fmt.Fprintf(stderr, "Key %d of %q for: %s. It is shown this once; send it as  Authorization: Bearer KEY\n", row.ID, row.Name, row.Scopes)
	return err
}

func listKeys(ctx context.Context, keys *service.APIKeyService, stdout io.Writer) error {
	list, err := keys.List(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tSCOPES\tMADE\tLAST USED") // Flush tells of any failure
	for _, k := range list {
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.Scopes, day(k.CreateAt), day(k.SeenAt))
	}
	return table.Flush()
}

func day(millis int64) string {
	if millis == 0 {
		return "never"
	}
	return time.UnixMilli(millis).UTC().Format("2006-01-02 15:04 UTC")
}

func revokeKey(ctx context.Context, keys *service.APIKeyService, text string, stdout io.Writer) error {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is no key's id: see hongyan apikey list", text)
	}
	if err := keys.Revoke(ctx, id); err != nil {
		if model.CodeOf(err) == model.CodeNotFound {
			return fmt.Errorf("there is no key %d: see hongyan apikey list", id)
		}
		return err
	}
	_, err = fmt.Fprintf(stdout, "key %d opens nothing any more\n", id)
	return err
}

// openBeside opens the database for a short command. SQLite lets several
// processes write in turn; what must not happen twice at a time is migrating.
// Where no server holds the locks, this command does and migrates as one would;
// else the database has to be at this program's version. MySQL has a lock of
// its own for that.
func openBeside(ctx context.Context, c *config.Config) (*db.DB, error) {
	s := &server{config: c}
	release, err := s.takeFolder()
	running := errors.Is(err, lock.ErrHeld)
	if err != nil && !running {
		return nil, err
	}
	if running {
		release = func() {}
	}
	defer release()
	if file, ok := strings.CutPrefix(c.DB, "sqlite:"); ok && running {
		if _, err := os.Stat(file); err != nil { // not made here while another is about to
			return nil, err
		}
	}
	d, err := db.Open(c.DB)
	if err != nil {
		return nil, err
	}
	reach, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if err := d.Ping(reach); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if running && d.Dialect == db.SQLite {
		err = d.Current(ctx)
	} else {
		err = d.Migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}
