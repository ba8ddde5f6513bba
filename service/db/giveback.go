package db

// GiveBack closes the SQLite readers that are idle, which are opened again when
// they are needed. Each keeps what it has read in memory of its own: after a
// storm of sockets that is the table of sessions, once for each of them.
func (d *DB) GiveBack() {
	if d.Dialect != SQLite {
		return
	}
	pool := d.read.DB().DB
	pool.SetMaxIdleConns(0)
	pool.SetMaxIdleConns(readers)
}
