package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"

	"hongyan/client/bench"
	"hongyan/service"
	"hongyan/service/db"
)

// runBench is the load generator. The servers that it starts are this program.
func runBench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	err = bench.Run(ctx, args, bench.Host{Program: program, Environment: os.Environ(), Version: version, Populate: populateStore, Rows: newBareRows}, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case errors.Is(err, bench.ErrUsage):
		return errors.Join(err, errUsage)
	}
	return err
}

// populateStore makes accounts in an empty store.
func populateStore(ctx context.Context, source string, n int) (list []bench.Account, err error) {
	d, err := db.Open(source)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	made, err := service.Populate(ctx, d, n)
	for _, a := range made {
		list = append(list, bench.Account{ID: a.ID, Token: a.Token})
	}
	return list, err
}
