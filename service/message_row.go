package service

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"hongyan/model"
)

// fill makes row that of a message in a conversation, without its place; digest
// is that of m.
func fill(row *model.Post, c *model.Conversation, m *model.Message, digest int64) {
	*row = model.Post{
		ConversationID: c.ID, UserID: m.UserID, Cmd: m.Cmd, DstID: m.DstID, Media: m.Media, Content: m.Content,
		Pic: m.Pic, URL: m.URL, Memo: m.Memo, Amount: m.Amount, Ref: m.Ref, Ext: string(m.Ext), Digest: digest,
	}
	if m.CID != "" {
		row.CID = &m.CID
	}
}

// messageOf makes the wire's message of a row of a conversation of kind.
func messageOf(row *model.Post, kind int) model.Message {
	m := model.Message{
		ID: row.ID, UserID: row.UserID, Cmd: row.Cmd, DstID: row.DstID, Media: row.Media, Content: row.Content,
		Pic: row.Pic, URL: row.URL, Memo: row.Memo, Amount: row.Amount, Ref: row.Ref, Seq: row.Seq, Kind: kind, At: row.At,
	}
	if row.CID != nil {
		m.CID = *row.CID
	}
	if row.Ext != "" {
		m.Ext = []byte(row.Ext)
	}
	return m
}

// digest identifies what a client sent under a cid: a resend must be equal in
// target and content. 63 bits of SHA-256 suffice, since the sender is the only
// one who could be hurt by a collision. The sign bit tells it from the digests
// of rows that were stored when it was made in another way.
func digest(m *model.Message) int64 {
	var room [512]byte
	b := room[:0]
	for _, n := range [...]int64{int64(m.Cmd), int64(m.Kind), m.DstID, int64(m.Media), m.Amount, m.Ref} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range [...]string{m.Content, m.Pic, m.URL, m.Memo} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	hash := sha256.Sum256(append(b, m.Ext...))
	return int64(binary.BigEndian.Uint64(hash[:]) | 1<<63)
}

// sameSent tells whether m is what was first sent as row.
func sameSent(row *model.Post, m *model.Message) bool {
	if row.Digest < 0 {
		return row.Digest == digest(m)
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%d %d %d %d %d %d %q %q %q %q %q",
		m.Cmd, m.Kind, m.DstID, m.Media, m.Amount, m.Ref, m.Content, m.Pic, m.URL, m.Memo, m.Ext)
	return row.Digest == int64(binary.BigEndian.Uint64(h.Sum(nil))>>1)
}

// noSum is the Sum of a row that was stored before rows had one.
const noSum = 0

// castagnoli finds every change of up to three bits of a row, and of others all
// but one in 2^32; processors have an instruction for it.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// sum checks a row: all that is in it but its id. It is never noSum.
func sum(row *model.Post) int64 {
	var room [1024]byte
	b := room[:0]
	for _, n := range [...]int64{
		row.ConversationID, row.Seq, row.Posts, row.UserID, row.Digest, int64(row.Cmd), row.DstID, int64(row.Media),
		row.Amount, row.Ref, row.At,
	} {
		b = binary.LittleEndian.AppendUint64(b, uint64(n))
	}
	cid := ""
	if row.CID != nil {
		cid = *row.CID
	}
	for _, s := range [...]string{cid, row.Content, row.Pic, row.URL, row.Memo, row.Ext} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return 1<<32 | int64(crc32.Checksum(b, castagnoli()))
}

// intact fails if one of rows is not as it was stored: what is damaged is never
// shown, and neither is a page without it, as if it had not been.
func intact(rows ...model.Post) error {
	for i := range rows {
		if row := &rows[i]; row.Sum != noSum && row.Sum != sum(row) {
			return &DamageError{Conversation: row.ConversationID, Seq: row.Seq, ID: row.ID}
		}
	}
	return nil
}

// DamageError says that the store gave back a message other than what was
// stored. Whoever asked for it hears that something went wrong inside, and
// nothing of the row.
type DamageError struct {
	Conversation, Seq int64
	ID                int64 // 0: there is no row at that place
}

// Error names the row, for the log.
func (e *DamageError) Error() string {
	if e.ID == 0 {
		return fmt.Sprintf("the database is damaged: the message at seq %d of conversation %d is missing", e.Seq, e.Conversation)
	}
	return fmt.Sprintf("the database is damaged: message id %d (conversation %d, seq %d) is not what was stored", e.ID, e.Conversation, e.Seq)
}
