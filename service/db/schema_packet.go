package db

// packets are red packets, who took what, and the play money's ledger in double
// entry. That a member opens a packet once, and that a transfer is booked once,
// are unique indexes; (closedat, expires) is what the sweep looks through.
func packets() migration {
	return migration{title: "red packets and the play money's ledger", steps: []string{
		`CREATE TABLE IF NOT EXISTS packet (
		id {id},
		conversationid BIGINT NOT NULL,
		kind INTEGER NOT NULL,
		dstid BIGINT NOT NULL,
		userid BIGINT NOT NULL,
		seq BIGINT NOT NULL,
		amount BIGINT NOT NULL,
		count INTEGER NOT NULL,
		mode VARCHAR(10) NOT NULL,
		memo VARCHAR(600) NOT NULL,
		leftamount BIGINT NOT NULL,
		leftcount INTEGER NOT NULL,
		createat BIGINT NOT NULL,
		expires BIGINT NOT NULL,
		closedat BIGINT NOT NULL,
		UNIQUE (conversationid, seq),
		UNIQUE (closedat, expires, id)){table}`,
		`CREATE TABLE IF NOT EXISTS packet_share (
		id {id},
		packetid BIGINT NOT NULL,
		userid BIGINT NOT NULL,
		amount BIGINT NOT NULL,
		at BIGINT NOT NULL,
		UNIQUE (packetid, userid)){table}`,
		`CREATE TABLE IF NOT EXISTS ledger (
		id {id},
		account VARCHAR(32) NOT NULL,
		other VARCHAR(32) NOT NULL,
		reason VARCHAR(10) NOT NULL,
		packetid BIGINT NOT NULL,
		amount BIGINT NOT NULL,
		at BIGINT NOT NULL,
		UNIQUE (account, other, reason, packetid)){table}`,
		`CREATE TABLE IF NOT EXISTS purse (
		userid BIGINT NOT NULL PRIMARY KEY,
		balance BIGINT NOT NULL){table}`,
	}}
}
