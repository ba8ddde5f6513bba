package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"hongyan/service"
	"hongyan/service/blob"
	"hongyan/service/db"
	"hongyan/util/config"
	"hongyan/util/fdlimit"
	"hongyan/util/lock"
)

// doctor checks what serve will need, changes nothing that stands, and says
// of each thing whether it is well. It fails if one is not.
func doctor(ctx context.Context, c *config.Config, stdout, _ io.Writer) error {
	checks := []struct {
		name  string
		check func() (string, error)
	}{
		{"configuration", func() (string, error) { return "every key and value is understood", nil }},
		{"data folder", func() (string, error) { return checkFolder(c) }},
		{"public address", func() (string, error) { return checkAddress(ctx, c.Listen) }},
		{"internal address", func() (string, error) { return checkAddress(ctx, c.Internal) }},
		{"database", func() (string, error) { return checkDatabase(ctx, c) }},
		{"files", func() (string, error) { return checkFiles(c) }},
		{"descriptors", checkDescriptors},
	}
	faults := 0
	for _, d := range checks {
		mark := "ok   "
		text, err := d.check()
		if err != nil {
			mark, text = "FAULT", err.Error()
			faults++
		}
		if _, err := fmt.Fprintf(stdout, "%s  %-16s  %s\n", mark, d.name, text); err != nil {
			return err
		}
	}
	if faults > 0 {
		return fmt.Errorf("%d of %d checks found a fault", faults, len(checks))
	}
	return nil
}

func checkFolder(c *config.Config) (string, error) {
	if _, err := os.Stat(c.Data); errors.Is(err, os.ErrNotExist) {
		return c.Data + " does not exist yet and will be made", nil
	}
	l, err := lock.Acquire(filepath.Join(c.Data, "hongyan.lock"))
	if err != nil {
		return "", err
	}
	return c.Data + " is writable and not in use", l.Release()
}

func checkAddress(ctx context.Context, address string) (string, error) {
	if address == "" {
		return "off", nil
	}
	var binder net.ListenConfig
	l, err := binder.Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	return address + " is free", l.Close()
}

func checkDatabase(ctx context.Context, c *config.Config) (string, error) {
	if file, ok := strings.CutPrefix(c.DB, "sqlite:"); ok {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return file + " does not exist yet and will be made", nil
		}
	}
	d, err := db.Open(c.DB)
	if err != nil {
		return "", err
	}
	defer func() { _ = d.Close() }() // nothing was written
	reach, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	if err := d.Ping(reach); err != nil {
		return "", err
	}
	if err := d.Current(ctx); err != nil {
		return c.Database() + " answers; its messages are looked at once this program has served it", nil //nolint:nilerr // older, or empty
	}
	checked, err := service.CheckStore(ctx, d)
	return fmt.Sprintf("%s answers; %d messages are as they were stored", c.Database(), checked), err
}

func checkFiles(c *config.Config) (string, error) {
	folder, ok := strings.CutPrefix(c.Blob, "local:")
	if !ok {
		return checkBucket(c)
	}
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		return folder + " does not exist yet and will be made", nil
	}
	f, err := os.CreateTemp(folder, "doctor-*")
	if err != nil {
		return "", err
	}
	return folder + " is writable", errors.Join(f.Close(), os.Remove(f.Name()))
}

func checkBucket(c *config.Config) (string, error) {
	store, err := blob.Open(c.Blob, blob.Keys{ID: c.OSSKeyID, Secret: c.OSSKeySecret}, c.Bus != "local")
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), openTime)
	defer cancel()
	return c.Blob + " answers and knows the keys", store.Check(ctx)
}

func checkDescriptors() (string, error) {
	limit, known := fdlimit.Raise()
	if !known {
		return "not limited here", nil
	}
	if limit < fdlimit.Low {
		return fmt.Sprintf("%d: enough for a small server; raise it (ulimit -n) for more connections", limit), nil
	}
	return fmt.Sprint(limit), nil
}
