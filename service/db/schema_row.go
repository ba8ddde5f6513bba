package db

// rows gives every message a check sum of its row (0: stored before there was
// one), and SQLite a number that grows with every change of who may speak
// where: what the committer remembers of that holds while the number stays.
// MySQL has no such triggers: there each batch asks anew, with one statement.
func rows() migration {
	return migration{
		title: "check sums of messages",
		steps: []string{"ALTER TABLE message ADD COLUMN sum BIGINT NOT NULL DEFAULT 0"},
		only: map[string][]string{SQLite: append([]string{
			"INSERT INTO state (name, value) SELECT 'rights', 1 WHERE NOT EXISTS (SELECT 1 FROM state WHERE name = 'rights')",
		}, rightsTriggers()...)},
	}
}

func rightsTriggers() []string {
	var list []string
	for table, events := range map[string][]string{
		"contact":   {"INSERT", "DELETE", "UPDATE OF userid, dstid"},
		"block":     {"INSERT", "DELETE", "UPDATE OF userid, dstid"},
		"member":    {"INSERT", "DELETE", "UPDATE OF conversationid, userid, role, muteduntil"},
		"community": {"INSERT", "DELETE", "UPDATE OF id, quiet"},
	} {
		for _, event := range events {
			list = append(list, "CREATE TRIGGER IF NOT EXISTS rights_"+table+"_"+event[:6]+" AFTER "+event+" ON "+table+
				" BEGIN UPDATE state SET value = value + 1 WHERE name = 'rights'; END")
		}
	}
	return list
}
