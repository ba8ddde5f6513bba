package service

import "context"

// Alive tells whether a session has not ended, by the store itself and not by
// what is remembered of it.
func (v *SessionService) Alive(ctx context.Context, id int64) (bool, error) {
	var one int
	return v.db.ReadRow(ctx, "SELECT 1 FROM session WHERE id = ? AND seenat > ?", []any{id, v.deadline()}, &one)
}
