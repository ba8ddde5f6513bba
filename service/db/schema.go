package db

// schema1 gives the first schema. Every "only once" of the product is one of its
// unique indexes. Times are Unix milliseconds. Statements may be run again
// after a half-done step, so indexes stand inside the tables.
func schema1() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS user (
		id {id},
		mobile VARCHAR(20) NOT NULL,
		passwd VARCHAR(255) NOT NULL,
		nickname VARCHAR(128) NOT NULL,
		avatar VARCHAR(2048) NOT NULL,
		sex VARCHAR(2) NOT NULL,
		memo VARCHAR(600) NOT NULL,
		addable VARCHAR(10) NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (mobile)){table}`,
		`CREATE TABLE IF NOT EXISTS session (
		id {id},
		userid BIGINT NOT NULL,
		hash CHAR(64) NOT NULL,
		device VARCHAR(255) NOT NULL,
		address VARCHAR(64) NOT NULL,
		createat BIGINT NOT NULL,
		seenat BIGINT NOT NULL,
		UNIQUE (hash),
		UNIQUE (userid, id)){table}`,
		`CREATE TABLE IF NOT EXISTS ticket (
		hash CHAR(64) NOT NULL PRIMARY KEY,
		sessionid BIGINT NOT NULL,
		expires BIGINT NOT NULL){table}`,
		`CREATE TABLE IF NOT EXISTS contact (
		id {id},
		userid BIGINT NOT NULL,
		dstid BIGINT NOT NULL,
		remark VARCHAR(128) NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (userid, dstid)){table}`,
		`CREATE TABLE IF NOT EXISTS block (
		id {id},
		userid BIGINT NOT NULL,
		dstid BIGINT NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (userid, dstid)){table}`,
		`CREATE TABLE IF NOT EXISTS request (
		id {id},
		kind INTEGER NOT NULL,
		userid BIGINT NOT NULL,
		dstid BIGINT NOT NULL,
		inviterid BIGINT NOT NULL,
		memo VARCHAR(600) NOT NULL,
		status VARCHAR(10) NOT NULL,
		createat BIGINT NOT NULL,
		handledat BIGINT NOT NULL,
		UNIQUE (kind, dstid, userid)){table}`,
		`CREATE TABLE IF NOT EXISTS community (
		id {id},
		name VARCHAR(128) NOT NULL,
		icon VARCHAR(2048) NOT NULL,
		cate INTEGER NOT NULL,
		memo VARCHAR(600) NOT NULL,
		ownerid BIGINT NOT NULL,
		join_policy VARCHAR(10) NOT NULL,
		notice {text} NOT NULL,
		size INTEGER NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (ownerid, id)){table}`,
		`CREATE TABLE IF NOT EXISTS conversation (
		id {id},
		kind INTEGER NOT NULL,
		low BIGINT NOT NULL,
		high BIGINT NOT NULL,
		seq BIGINT NOT NULL,
		posts BIGINT NOT NULL,
		lastpost BIGINT NOT NULL,
		lastat BIGINT NOT NULL,
		UNIQUE (kind, low, high)){table}`,
		`CREATE TABLE IF NOT EXISTS member (
		id {id},
		conversationid BIGINT NOT NULL,
		userid BIGINT NOT NULL,
		peerid BIGINT NOT NULL,
		role VARCHAR(10) NOT NULL,
		muteduntil BIGINT NOT NULL,
		readseq BIGINT NOT NULL,
		readposts BIGINT NOT NULL,
		own BIGINT NOT NULL,
		delivered BIGINT NOT NULL,
		mentionseq BIGINT NOT NULL,
		pinned BOOLEAN NOT NULL,
		muted BOOLEAN NOT NULL,
		draft {text} NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (conversationid, userid),
		UNIQUE (userid, conversationid)){table}`,
		`CREATE TABLE IF NOT EXISTS message (
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
		UNIQUE (conversationid, seq),
		UNIQUE (userid, cid)){table}`,
		`CREATE TABLE IF NOT EXISTS attachment (
		id {id},
		name_key VARCHAR(128) NOT NULL,
		userid BIGINT NOT NULL,
		name VARCHAR(512) NOT NULL,
		type VARCHAR(127) NOT NULL,
		size BIGINT NOT NULL,
		width INTEGER NOT NULL,
		height INTEGER NOT NULL,
		duration INTEGER NOT NULL,
		thumb VARCHAR(128) NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (name_key),
		UNIQUE (userid, id)){table}`,
	}
}

// search is the index of what was said, and a table of the store's own state:
// "search", the message id that the index has come to, and "epoch", a number
// by which clients tell this store from another. FTS5 keeps no copy of the
// text; its rowid is the message's id.
func search() migration {
	return migration{title: "full-text search", steps: []string{
		`CREATE TABLE IF NOT EXISTS state (
			name VARCHAR(32) NOT NULL PRIMARY KEY,
			value BIGINT NOT NULL){table}`,
		`INSERT INTO state (name, value) SELECT 'search', 0 WHERE NOT EXISTS (SELECT 1 FROM state WHERE name = 'search')`,
	}, only: map[string][]string{
		SQLite: {`INSERT INTO state (name, value) VALUES ('epoch', abs(random() % 9007199254740991))`, `CREATE VIRTUAL TABLE search USING fts5(tokens, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0")`},
		MySQL: {`INSERT IGNORE INTO state (name, value) VALUES ('epoch', FLOOR(RAND() * 9007199254740991))`, `CREATE TABLE IF NOT EXISTS search (
			id BIGINT NOT NULL PRIMARY KEY,
			tokens MEDIUMTEXT NOT NULL,
			FULLTEXT (tokens)){table}`},
	}}
}
