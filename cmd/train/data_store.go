package main

import (
	"context"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"huihai/data/build"
	"huihai/internal/objstore"
	"huihai/internal/objstore/s3"
)

// storeFlags say where results of stages are kept besides the output folder.
type storeFlags struct {
	address string
	clear   bool
}

func addStoreFlags(cmd *cobra.Command) *storeFlags {
	s := &storeFlags{}
	cmd.Flags().StringVar(&s.address, "store", "",
		"where machines without a shared folder meet: s3://BUCKET/PREFIX or file:///FOLDER, one for each build;\n"+
			"S3 takes AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION and AWS_ENDPOINT_URL")
	return s
}

// with calls fn with the options of a build that these flags ask for.
func (s *storeFlags) with(ctx context.Context, fn func(...build.Option) error) error {
	if s.address == "" {
		if s.clear {
			return usagef("--clear-store needs --store")
		}
		return fn()
	}
	store, done, err := openStore(s.address)
	if err != nil {
		return err
	}
	defer done()
	if err := fn(build.WithStore(store)); err != nil || !s.clear {
		return err
	}
	return build.ClearStore(ctx, store)
}

func openStore(address string) (store objstore.Store, done func(), err error) {
	u, err := url.Parse(address)
	switch {
	case err == nil && u.Scheme == "file" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		return objstore.Folder(u.Path), func() {}, nil
	case err == nil && u.Scheme == "s3" && u.Host != "":
		s, err := s3.Open(address, os.Getenv)
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	}
	return nil, nil, usagef("--store is %q; it must read s3://BUCKET/PREFIX or file:///FOLDER", address)
}
