package db

// upload is what is known of files that arrive in parts: stored is how many
// bytes are durable in the folder of uploads, done the key of the attachment
// that the file became.
func upload() migration {
	return migration{title: "uploads in parts", steps: []string{
		`CREATE TABLE IF NOT EXISTS upload (
		id {id},
		name_key VARCHAR(64) NOT NULL,
		userid BIGINT NOT NULL,
		name VARCHAR(512) NOT NULL,
		hint VARCHAR(127) NOT NULL,
		size BIGINT NOT NULL,
		stored BIGINT NOT NULL,
		done VARCHAR(64) NOT NULL,
		seenat BIGINT NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (name_key),
		UNIQUE (userid, id),
		UNIQUE (createat, id)){table}`,
	}}
}
