package db

// schemaRecord keeps merged records. nested holds the ids of the records within
// one, at any depth; recordpost says in which conversations one can be seen, and
// by which message.
func schemaRecord() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS record (
		id {id},
		userid BIGINT NOT NULL,
		summary {text} NOT NULL,
		items {long} NOT NULL,
		nested {text} NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (userid, id)){table}`,
		`CREATE TABLE IF NOT EXISTS recordpost (
		recordid BIGINT NOT NULL,
		conversationid BIGINT NOT NULL,
		seq BIGINT NOT NULL,
		PRIMARY KEY (recordid, conversationid, seq),
		UNIQUE (conversationid, seq, recordid)){table}`,
	}
}
