package db

// calls are what nodes must agree on and tell each other so that two people can
// talk whose sockets are at different ones: who is in a call, and letters from
// node to node. All of it expires.
func calls() migration {
	return migration{title: "calls across nodes", oldest: 15, steps: []string{
		`CREATE TABLE IF NOT EXISTS callline (
		userid BIGINT NOT NULL PRIMARY KEY,
		peerid BIGINT NOT NULL,
		callid VARCHAR(64) NOT NULL,
		node VARCHAR(64) NOT NULL,
		expires BIGINT NOT NULL){table}`,
		`CREATE TABLE IF NOT EXISTS letter (
		node VARCHAR(64) NOT NULL,
		sender VARCHAR(64) NOT NULL,
		number BIGINT NOT NULL,
		body {long} NOT NULL,
		expires BIGINT NOT NULL,
		PRIMARY KEY (node, sender, number)){table}`,
	}}
}
