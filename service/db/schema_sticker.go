package db

// stickers are the pictures that people keep at hand, each once.
func stickers() migration {
	return migration{title: "stickers", steps: []string{
		`CREATE TABLE IF NOT EXISTS sticker (
		id {id},
		userid BIGINT NOT NULL,
		name_key VARCHAR(128) NOT NULL,
		url VARCHAR(255) NOT NULL,
		pic VARCHAR(255) NOT NULL,
		name VARCHAR(128) NOT NULL,
		width INTEGER NOT NULL,
		height INTEGER NOT NULL,
		createat BIGINT NOT NULL,
		UNIQUE (userid, name_key)){table}`,
	}}
}
