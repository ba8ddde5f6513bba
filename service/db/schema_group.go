package db

// groups2 adds what groups and contacts need beyond the first schema: a
// member's name in the group, when a group was last told something and by whom,
// silence for all, friends with a star; links that invite, pinned messages, and
// what a group remembers of those who were in it, so that nobody gets rid of a
// mute by coming back.
func groups2() []string {
	return []string{
		"ALTER TABLE member ADD COLUMN nick VARCHAR(128) NOT NULL DEFAULT ''",
		"ALTER TABLE community ADD COLUMN noticeat BIGINT NOT NULL DEFAULT 0",
		"ALTER TABLE community ADD COLUMN noticeby BIGINT NOT NULL DEFAULT 0",
		"ALTER TABLE community ADD COLUMN quiet BOOLEAN NOT NULL DEFAULT FALSE",
		"ALTER TABLE contact ADD COLUMN starred BOOLEAN NOT NULL DEFAULT FALSE",
		`CREATE TABLE IF NOT EXISTS invite (
		id {id},
		hash CHAR(64) NOT NULL,
		groupid BIGINT NOT NULL,
		userid BIGINT NOT NULL,
		uses INTEGER NOT NULL,
		used INTEGER NOT NULL,
		expires BIGINT NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (hash),
		UNIQUE (groupid, id)){table}`,
		`CREATE TABLE IF NOT EXISTS pin (
		id {id},
		conversationid BIGINT NOT NULL,
		seq BIGINT NOT NULL,
		userid BIGINT NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (conversationid, seq)){table}`,
		`CREATE TABLE IF NOT EXISTS former (
		id {id},
		conversationid BIGINT NOT NULL,
		userid BIGINT NOT NULL,
		muteduntil BIGINT NOT NULL,
		removed BOOLEAN NOT NULL,
		UNIQUE (conversationid, userid)){table}`,
	}
}
