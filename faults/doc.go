// Package faults makes the product's surroundings fail and looks whether what
// was promised holds: power cuts, disks that fail, fill up or crawl, a database
// that is killed or frozen, networks that swallow everything, readers that do
// not read, damage to the stored bytes. It is a module of its own, so that what
// it is made of is no part of the product.
//
//	go test ./...                            # the short form, in CI
//	FAULTS=long go test -timeout 3h ./...    # the long one; see doc/reliability.md
package faults
