package service

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"hongyan/model"

	"xorm.io/xorm"
)

func idsOf(text string) []int64 {
	var ids []int64
	_ = json.Unmarshal([]byte(text), &ids) // what is no list has none
	return ids
}

// recordOf is the record that a message shows; 0 if none.
func recordOf(row *model.Post) int64 {
	var record struct {
		ID int64 `json:"id"`
	}
	extKey(row.Ext, "record", &record)
	return record.ID
}

// linkedRecord is the record that a client's message asks to show.
func linkedRecord(m *model.Message) (id int64, ok bool) {
	rest, ok := strings.CutPrefix(m.URL, model.RecordPath)
	if !ok || m.Media != model.MediaNews {
		return 0, false
	}
	id, err := strconv.ParseInt(rest, 10, 64)
	return id, err == nil && id > 0 && id <= model.MaxID
}

// showRecord writes into a message with the URL of a record what the record is.
// That comes from the store alone, so that nobody can make up what others said.
func (s *MessageService) showRecord(ctx context.Context, m *model.Message) error {
	id, ok := linkedRecord(m)
	if !ok {
		return nil
	}
	row, mine := new(recordRow), false
	err := s.db.View(ctx, func(v *xorm.Session) error {
		if found, err := v.Cols("summary").ID(id).Get(row); err != nil || !found {
			return err
		}
		visible, err := visibleRecord(v, m.UserID, id)
		mine = visible != nil
		return err
	})
	switch {
	case err != nil:
		return err
	case row.Summary == "":
		return model.Fail(model.CodeForbidden)
	}
	var summary struct {
		ID int64 `json:"id"`
		model.RecordSummary
	}
	if err := json.Unmarshal([]byte(row.Summary), &summary.RecordSummary); err != nil {
		return err
	}
	summary.ID = id
	ext := map[string]any{}
	if len(m.Ext) > 0 {
		if err := json.Unmarshal(m.Ext, &ext); err != nil {
			return model.Invalid("ext")
		}
	}
	ext["record"] = summary
	if m.Ext, err = json.Marshal(ext); err == nil && !mine {
		err = model.Fail(model.CodeForbidden) // after ext: a resend of what was sent before is told by it
	}
	return err
}

// postRecord lets the members of a conversation see the record that a message in
// it shows, and those within it.
func (tx *Tx) postRecord(c *model.Conversation, m *model.Message) error {
	id, ok := linkedRecord(m)
	if !ok {
		return nil
	}
	row := new(recordRow)
	if _, err := tx.SQL("SELECT nested FROM record WHERE id = ?", id).Get(row); err != nil {
		return err
	}
	for _, id := range append(idsOf(row.Nested), id) {
		if _, err := tx.Exec("INSERT INTO recordpost (recordid, conversationid, seq) VALUES (?, ?, ?)", id, c.ID, m.Seq); err != nil {
			return err
		}
	}
	return nil
}

// unpostRecord takes back with a message what it showed.
func (tx *Tx) unpostRecord(row *model.Post) error {
	if recordOf(row) == 0 {
		return nil
	}
	_, err := tx.Exec("DELETE FROM recordpost WHERE conversationid = ? AND seq = ?", row.ConversationID, row.Seq)
	return err
}
