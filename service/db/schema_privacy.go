package db

// privacy is what a user keeps to themselves: that they are there, what they
// have read, that they are writing.
func privacy() migration {
	return migration{title: "privacy of users", steps: []string{
		"ALTER TABLE user ADD COLUMN hideonline BOOLEAN NOT NULL DEFAULT 0",
		"ALTER TABLE user ADD COLUMN hideread BOOLEAN NOT NULL DEFAULT 0",
		"ALTER TABLE user ADD COLUMN hidetyping BOOLEAN NOT NULL DEFAULT 0",
	}}
}
