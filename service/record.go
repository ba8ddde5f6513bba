package service

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// Bounds of a record: bytes of its items, records that somebody made and posted
// nowhere, records within it at any depth, and the lines and characters that a
// message shows of it.
const (
	maxRecord      = 1 << 20
	maxUnposted    = 100
	maxNested      = 200
	recordLines    = 4
	recordNameLen  = 16
	recordTextLen  = 40
	recordNamesMax = 2
)

// unpostedTime is how long a record waits for being posted: as long as a message
// may lie in the outbox of a device without a network.
const unpostedTime = 30 * 24 * time.Hour

// RecordService copies messages into records and shows them to those in whose
// conversations they were posted.
type RecordService struct {
	db  *db.DB
	now Clock
}

// NewRecordService makes the service.
func NewRecordService(d *db.DB, now Clock) *RecordService { return &RecordService{db: d, now: now} }

// recordRow is a record in the store.
type recordRow struct {
	ID       int64 `xorm:"pk autoincr"`
	UserID   int64 `xorm:"'userid'"`
	Summary  string
	Items    string
	Nested   string
	CreateAt int64 `xorm:"'createat'"`
}

// TableName names the table.
func (recordRow) TableName() string { return "record" }

// Create copies messages of a conversation, in their order. What was recalled is
// left out; what is not there or not for the user's eyes is CodeNotFound.
func (s *RecordService) Create(ctx context.Context, userID int64, kind int, dstID int64, seqs []int64) (*model.Record, error) {
	if kind != model.KindSingle && kind != model.KindRoom {
		return nil, model.Invalid("kind")
	}
	if seqs = slices.Compact(slices.Sorted(slices.Values(seqs))); len(seqs) == 0 || len(seqs) > model.MaxRecordItems {
		return nil, model.Invalid("seqs")
	}
	record := &model.Record{CreateAt: s.now.millis(), RecordSummary: model.RecordSummary{Kind: kind}}
	var nested []int64
	err := s.db.View(ctx, func(v *xorm.Session) (err error) {
		posts, err := postsOf(v, userID, kind, dstID, seqs)
		if err != nil {
			return err
		}
		if nested, err = fillRecord(v, record, posts); err != nil || kind != model.KindRoom {
			return err
		}
		_, err = v.SQL("SELECT name FROM community WHERE id = ?", dstID).Get(&record.Title)
		return err
	})
	if err != nil {
		return nil, err
	}
	return record, s.store(ctx, userID, record, nested)
}

// postsOf gives the messages of a conversation with these seqs, without those
// that were recalled.
func postsOf(v *xorm.Session, userID int64, kind int, dstID int64, seqs []int64) ([]model.Post, error) {
	seat, err := seatIn(v, kind, userID, dstID)
	if err != nil {
		return nil, err
	}
	if seat == nil {
		return nil, model.Fail(model.CodeNotFound)
	}
	var posts []model.Post
	err = v.Where("conversationid = ?", seat.ConversationID).In("seq", seqs).In("cmd", model.CmdSingle, model.CmdRoom).Asc("seq").Find(&posts)
	if err == nil {
		err = intact(posts...)
	}
	if err != nil {
		return nil, err
	}
	if len(posts) != len(seqs) {
		return nil, model.Fail(model.CodeNotFound)
	}
	if posts = slices.DeleteFunc(posts, func(p model.Post) bool { return readExt(&p).Recalled }); len(posts) == 0 {
		return nil, model.Fail(model.CodeNotFound)
	}
	return posts, nil
}

// fillRecord puts messages into a record; it gives the records within it.
func fillRecord(v *xorm.Session, record *model.Record, posts []model.Post) (nested []int64, err error) {
	ids, users := []int64{}, map[int64]model.User{}
	for i := range posts {
		ids = append(ids, posts[i].UserID)
	}
	if err := v.In("id", ids).Find(&users); err != nil {
		return nil, err
	}
	for i := range posts {
		item := itemOf(&posts[i], users[posts[i].UserID])
		record.Items = append(record.Items, item)
		if name := cut(item.Name, recordNameLen); record.Kind == model.KindSingle && len(record.Names) < recordNamesMax && !slices.Contains(record.Names, name) {
			record.Names = append(record.Names, name)
		}
		if len(record.Lines) < recordLines {
			record.Lines = append(record.Lines, lineOf(item))
		}
		if inner := recordOf(&posts[i]); inner != 0 {
			nested = append(nested, inner)
			row := new(recordRow)
			if _, err := v.Cols("nested").ID(inner).Get(row); err != nil {
				return nil, err
			}
			nested = append(nested, idsOf(row.Nested)...)
		}
	}
	record.Count = len(record.Items)
	nested = slices.Compact(slices.Sorted(slices.Values(nested)))
	if len(nested) > maxNested {
		return nil, model.TooLarge("record")
	}
	return nested, nil
}

func (s *RecordService) store(ctx context.Context, userID int64, record *model.Record, nested []int64) error {
	items, err := json.Marshal(record.Items)
	if err != nil {
		return err
	}
	summary, err := json.Marshal(record.RecordSummary)
	if err != nil {
		return err
	}
	inner, err := json.Marshal(nested)
	if err != nil {
		return err
	}
	if len(items) > maxRecord {
		return model.TooLarge("record")
	}
	row := &recordRow{UserID: userID, Summary: string(summary), Items: string(items), Nested: string(inner), CreateAt: record.CreateAt}
	err = s.db.Tx(ctx, func(tx *xorm.Session) error {
		if err := mayStoreRecord(tx, userID, record.CreateAt); err != nil {
			return err
		}
		_, err := tx.Insert(row)
		return err
	})
	record.ID = row.ID
	return err
}

// mayStoreRecord drops what a user made long ago and posted nowhere, and refuses
// more while there is too much of it.
func mayStoreRecord(tx *xorm.Session, userID, now int64) error {
	const unposted = "userid = ? AND NOT EXISTS (SELECT 1 FROM recordpost p WHERE p.recordid = record.id)"
	if _, err := tx.Exec("DELETE FROM record WHERE "+unposted+" AND createat < ?", userID, now-unpostedTime.Milliseconds()); err != nil {
		return err
	}
	waiting, err := tx.Table("record").Where(unposted, userID).Count()
	if err == nil && waiting >= maxUnposted {
		err = &model.Error{Code: model.CodeRateLimited, RetryAfter: time.Hour}
	}
	return err
}

// Get gives a record to its maker and to the members of a conversation in which
// it was posted, by itself or within another. Who may not see it and what is
// not there are CodeNotFound.
func (s *RecordService) Get(ctx context.Context, userID, id int64) (*model.Record, error) {
	var record *model.Record
	err := s.db.View(ctx, func(v *xorm.Session) error {
		row, err := visibleRecord(v, userID, id)
		if err != nil {
			return err
		}
		if row == nil {
			return model.Fail(model.CodeNotFound)
		}
		record = &model.Record{ID: row.ID, CreateAt: row.CreateAt}
		if err := json.Unmarshal([]byte(row.Summary), &record.RecordSummary); err != nil {
			return err
		}
		return json.Unmarshal([]byte(row.Items), &record.Items)
	})
	return record, err
}

// visibleRecord finds a record that a user may see; nil if there is none.
func visibleRecord(v *xorm.Session, userID, id int64) (*recordRow, error) {
	row := new(recordRow)
	found, err := v.SQL(`SELECT r.* FROM record r WHERE r.id = ? AND (r.userid = ? OR EXISTS (SELECT 1 FROM recordpost p
		JOIN member m ON m.conversationid = p.conversationid AND m.userid = ? WHERE p.recordid = r.id))`, id, userID, userID).Get(row)
	if err != nil || !found {
		return nil, err
	}
	return row, nil
}

// itemOf copies a message. Its reactions and whom it called stay behind, and of
// a red packet what it holds: there is nothing to open in a copy.
func itemOf(row *model.Post, user model.User) model.RecordItem {
	item := model.RecordItem{
		UserID: row.UserID, Name: user.Nickname, Avatar: user.Avatar, At: row.At, Media: row.Media,
		Content: row.Content, URL: row.URL, Pic: row.Pic, Memo: row.Memo, Amount: row.Amount,
	}
	if row.Media == model.MediaRedPacket {
		item.Content, item.URL, item.Amount = "", "", 0
		return item
	}
	ext := map[string]any{}
	if row.Ext != "" && json.Unmarshal([]byte(row.Ext), &ext) == nil {
		for _, key := range []string{"recalled", "by", "edited", "edits", "reactions", "mentions", "quote"} {
			delete(ext, key)
		}
		item.Ext = ext
	}
	return item
}

func lineOf(item model.RecordItem) model.RecordLine {
	line := model.RecordLine{Name: cut(item.Name, recordNameLen), Media: item.Media}
	switch item.Media {
	case model.MediaText, model.MediaEmoji, model.MediaNews, model.MediaFile:
		line.Text = cut(item.Content, recordTextLen)
	case model.MediaLink:
		line.Text = cut(item.URL, recordTextLen)
	}
	return line
}

// cut shortens a text to n characters of one line.
func cut(text string, n int) string {
	// Fields of a long text cost more than is shown of it.
	if runes := []rune(text[:min(len(text), 16*n)]); len(runes) > 0 {
		text = strings.ToValidUTF8(strings.Join(strings.Fields(string(runes)), " "), "")
	}
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
