package db

// cids turns the index of (sender, cid) round. Clients make cids that begin with
// the time, so that under (cid, sender) new ones stand beside each other, at the
// end: a message then dirties one page of an index in place of two (0.9 pages
// of SQLite's log against 2.0, 200 conversations in batches of 100). Cids of
// another kind are as good, and cost what they did.
//
// SQLite cannot drop what a UNIQUE within a table made: the rows move.
func cids() migration {
	const columns = `id, conversationid, seq, posts, userid, cid, digest, cmd, dstid, media, content, pic, url, memo, amount, ref, at, ext, sum`
	return migration{title: "cids in the order of time", only: map[string][]string{
		SQLite: {
			`CREATE TABLE message_moved (
			id {id},
			conversationid BIGINT NOT NULL,
			seq BIGINT NOT NULL,
			posts BIGINT NOT NULL,
			userid BIGINT NOT NULL,
			cid {cid},
			digest BIGINT NOT NULL,
			cmd INTEGER NOT NULL,
			dstid BIGINT NOT NULL,
			media INTEGER NOT NULL,
			content {text} NOT NULL,
			pic {text} NOT NULL,
			url {text} NOT NULL,
			memo {text} NOT NULL,
			amount BIGINT NOT NULL,
			ref BIGINT NOT NULL,
			at BIGINT NOT NULL,
			ext {text} NOT NULL,
			sum BIGINT NOT NULL DEFAULT 0,
			UNIQUE (conversationid, seq))`,
			"INSERT INTO message_moved (" + columns + ") SELECT " + columns + " FROM message ORDER BY id",
			"DROP TABLE message",
			"ALTER TABLE message_moved RENAME TO message",
			"CREATE UNIQUE INDEX message_cid ON message (cid, userid)",
		},
		// Under its old name: nodes of the version before, which run meanwhile, ask for it.
		MySQL: {"ALTER TABLE message DROP INDEX userid, ADD UNIQUE userid (cid, userid)"},
	}}
}
