package db

import (
	"context"
	"slices"
)

// MigrateBefore brings the database to the version before the migration with a
// title: to what an earlier release has left.
func (d *DB) MigrateBefore(ctx context.Context, title string) error {
	list := migrations()
	return d.migrate(ctx, list[:slices.IndexFunc(list, func(m migration) bool { return m.title == title })])
}
