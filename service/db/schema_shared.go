package db

// shared is what several nodes must agree on beyond the timelines: the keys of
// programs, values that wait to be fetched, QR logins, who was woken, and which
// nodes there are. All of it expires but the keys. Hashes are those of secrets
// that the database does not know.
func shared() migration {
	return migration{title: "API keys, status values, QR logins, nodes", steps: []string{
		`CREATE TABLE IF NOT EXISTS api_key (
		id {id},
		name VARCHAR(256) NOT NULL,
		hash CHAR(64) NOT NULL,
		scopes VARCHAR(255) NOT NULL,
		createat BIGINT NOT NULL,
		seenat BIGINT NOT NULL,
		UNIQUE (hash)){table}`,
		`CREATE TABLE IF NOT EXISTS status (
		id {id},
		hash CHAR(64) NOT NULL,
		value {text} NOT NULL,
		expires BIGINT NOT NULL,
		servedat BIGINT NOT NULL,
		UNIQUE (hash)){table}`,
		`CREATE TABLE IF NOT EXISTS wakeup (
		id {id},
		topic CHAR(64) NOT NULL,
		createat BIGINT NOT NULL){table}`,
		`CREATE TABLE IF NOT EXISTS qrlogin (
		hash CHAR(64) NOT NULL PRIMARY KEY,
		secret CHAR(64) NOT NULL,
		code CHAR(64) NOT NULL,
		state VARCHAR(10) NOT NULL,
		told VARCHAR(10) NOT NULL,
		userid BIGINT NOT NULL,
		sessionid BIGINT NOT NULL,
		device VARCHAR(255) NOT NULL,
		address VARCHAR(64) NOT NULL,
		createat BIGINT NOT NULL,
		expires BIGINT NOT NULL,
		UNIQUE (code)){table}`,
		`CREATE TABLE IF NOT EXISTS node (
		name VARCHAR(64) NOT NULL PRIMARY KEY,
		url VARCHAR(300) NOT NULL,
		sockets BIGINT NOT NULL,
		draining BOOLEAN NOT NULL,
		expires BIGINT NOT NULL){table}`,
	}}
}
