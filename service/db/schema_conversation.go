package db

// conversationSettings lets a member put a conversation away, mark it as unread
// and mute it for a while.
func conversationSettings() migration {
	return migration{title: "archive, mark, mute for a while", steps: []string{
		"ALTER TABLE member ADD COLUMN archived BIGINT NOT NULL DEFAULT 0",
		"ALTER TABLE member ADD COLUMN marked BOOLEAN NOT NULL DEFAULT FALSE",
		"ALTER TABLE member ADD COLUMN silenttill BIGINT NOT NULL DEFAULT 0",
	}}
}
