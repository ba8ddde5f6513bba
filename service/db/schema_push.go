package db

// push is how people are told while they are away: the devices that take
// pushes, the channels that they chose, and the secrets of the site that all
// nodes must share, such as the key with which pushes are signed.
func push() migration {
	return migration{title: "pushes and channels", steps: []string{
		`CREATE TABLE IF NOT EXISTS push_subscription (
		id {id},
		userid BIGINT NOT NULL,
		sessionid BIGINT NOT NULL,
		hash CHAR(64) NOT NULL,
		endpoint {text} NOT NULL,
		p256dh VARCHAR(128) NOT NULL,
		auth VARCHAR(64) NOT NULL,
		content BOOLEAN NOT NULL,
		lang VARCHAR(16) NOT NULL,
		origin VARCHAR(300) NOT NULL,
		failures INTEGER NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (hash),
		UNIQUE (sessionid, id),
		UNIQUE (userid, id)){table}`,
		`CREATE TABLE IF NOT EXISTS notify_channel (
		id {id},
		userid BIGINT NOT NULL,
		kind VARCHAR(16) NOT NULL,
		name VARCHAR(128) NOT NULL,
		address {text} NOT NULL,
		secret {text} NOT NULL,
		content BOOLEAN NOT NULL,
		enabled BOOLEAN NOT NULL,
		confirmed BOOLEAN NOT NULL,
		quietfrom INTEGER NOT NULL,
		quietto INTEGER NOT NULL,
		zone VARCHAR(64) NOT NULL,
		lang VARCHAR(16) NOT NULL,
		origin VARCHAR(300) NOT NULL,
		code VARCHAR(64) NOT NULL,
		codeuntil BIGINT NOT NULL,
		codetries INTEGER NOT NULL,
		failures INTEGER NOT NULL,
		lasterror VARCHAR(600) NOT NULL,
		errorat BIGINT NOT NULL,
		sentat BIGINT NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (userid, id)){table}`,
		`CREATE TABLE IF NOT EXISTS secret (
		name VARCHAR(32) NOT NULL PRIMARY KEY,
		value {text} NOT NULL){table}`,
	}}
}
