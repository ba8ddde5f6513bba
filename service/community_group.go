package service

import (
	"bytes"
	"encoding/json"
	"slices"

	"hongyan/model"
)

// group is a group opened inside an op. Its conversation's row is locked, and
// whoever changes a group opens it first: nobody else changes it meanwhile.
type group struct {
	tx   *Tx
	row  *model.Community
	line *model.Conversation
	me   *model.Member // the seat of who acts; nil for an outsider
	by   int64         // who acts
}

// openGroup opens a group for a change by userID; nil if there is none.
func openGroup(tx *Tx, groupID, userID int64) (*group, error) {
	line, err := tx.Conversation(model.KindRoom, userID, groupID)
	if err != nil || line == nil {
		return nil, err
	}
	if err := tx.Flush(); err != nil {
		return nil, err
	}
	g := &group{tx: tx, row: new(model.Community), line: line, by: userID}
	if has, err := tx.ID(groupID).Get(g.row); err != nil || !has {
		return nil, err
	}
	g.me, err = g.seat(userID)
	return g, err
}

// seat finds a user's seat; nil if the user has none.
func (g *group) seat(userID int64) (*model.Member, error) {
	m := new(model.Member)
	has, err := g.tx.Where("conversationid = ? AND userid = ?", g.line.ID, userID).Get(m)
	if err != nil || !has {
		return nil, err
	}
	return m, nil
}

// room fails if n more do not fit in.
func (g *group) room(n int) error {
	if g.row.Size+n > model.MaxGroupSize {
		return &model.Error{Code: model.CodeConflict, Key: "members"}
	}
	return nil
}

// Bounds that keep an entry's ext below model.MaxExt: the members one entry
// names by id, those it names in words, and the characters of a notice in it.
const (
	listedMembers = 100
	namedMembers  = 8
	quotedNotice  = 140
)

// entry is what the timeline tells of a change beyond who did what: the ext of
// its message. Names are as they were at the time.
type entry struct {
	Members []int64          `json:"members,omitempty"`
	Names   map[int64]string `json:"names,omitempty"`
	Name    *string          `json:"name,omitempty"`
	Notice  *string          `json:"notice,omitempty"`
	Role    string           `json:"role,omitempty"`
	Quiet   *bool            `json:"quiet,omitempty"`
}

// record puts a change into the timeline and sends it to the group; d says who
// enters or leaves the fan-out with it.
func (g *group) record(event string, e entry, d model.Delivery) error {
	named := append([]int64{g.by}, e.Members[:min(len(e.Members), namedMembers)]...)
	var users []model.User
	if err := g.tx.Cols("id", "nickname").In("id", named).Find(&users); err != nil {
		return err
	}
	e.Names = make(map[int64]string, len(users))
	for _, u := range users {
		e.Names[u.ID] = u.Nickname
	}
	ext, err := encode(e)
	if err != nil {
		return err
	}
	m := model.Message{Cmd: model.CmdEvent, Content: event, UserID: g.by, DstID: g.row.ID, Ext: ext}
	if _, err := g.tx.Append(g.line, &m); err != nil {
		return err
	}
	d.Message, d.Group = m, g.row.ID
	g.tx.Publish(d)
	return nil
}

// encode is JSON as short as it can be: nothing in it goes into HTML unescaped.
func encode(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// event is a message without a place in the timeline: a list changed.
func (g *group) event(name string) model.Message {
	return model.Message{Cmd: model.CmdEvent, Content: name, UserID: g.by, DstID: g.row.ID, At: g.tx.Now()}
}

// tell sends an event to users themselves.
func (g *group) tell(name string, users ...int64) {
	g.tx.Publish(model.Delivery{Message: g.event(name), Users: users})
}

// admit gives seats to people who have none; the caller has made sure of that
// and of room for them.
func (g *group) admit(ids []int64) error {
	for part := range slices.Chunk(ids, listedMembers) {
		if err := g.record(model.EventGroupJoined, entry{Members: part}, model.Delivery{Subscribe: part}); err != nil {
			return err
		}
	}
	if err := takeSeats(g.tx, g.line, ids, model.RoleMember); err != nil {
		return err
	}
	if err := g.resume(ids); err != nil {
		return err
	}
	if err := g.resize(len(ids)); err != nil {
		return err
	}
	// Whoever is in has nothing left to ask for.
	for part := range slices.Chunk(ids, chunk) {
		settled := model.Request{Status: model.RequestAccepted, HandledAt: g.tx.Now()}
		if _, err := g.tx.Where("kind = ? AND dstid = ? AND status = ?", model.KindRoom, g.row.ID, model.RequestPending).
			In("userid", part).Cols("status", "handledat").Update(&settled); err != nil {
			return err
		}
	}
	g.tell(model.EventGroupJoined, ids...)
	return nil
}

// vacate takes a member's seat away; removed says that somebody else did it.
func (g *group) vacate(seat *model.Member, removed bool) error {
	userID := seat.UserID
	gone := []int64{userID}
	if err := g.part(seat, removed); err != nil {
		return err
	}
	if err := g.record(model.EventGroupLeft, entry{Members: gone}, model.Delivery{Unsubscribe: gone}); err != nil {
		return err
	}
	if _, err := g.tx.Exec("DELETE FROM member WHERE conversationid = ? AND userid = ?", g.line.ID, userID); err != nil {
		return err
	}
	if err := g.resize(-1); err != nil {
		return err
	}
	g.tell(model.EventGroupLeft, userID)
	return nil
}

func (g *group) resize(by int) error {
	g.row.Size += by
	_, err := g.tx.Exec("UPDATE community SET size = ? WHERE id = ?", g.row.Size, g.row.ID)
	return err
}

// takeSeats inserts seats at the end of a conversation: what was said before
// does not count as unread.
func takeSeats(tx *Tx, line *model.Conversation, ids []int64, role string) error {
	for part := range slices.Chunk(ids, chunk) {
		seats := make([]model.Member, 0, len(part))
		for _, id := range part {
			seats = append(seats, model.Member{
				ConversationID: line.ID, UserID: id, Role: role, CreateAt: tx.Now(),
				ReadSeq: line.Seq, ReadPosts: line.Posts, Delivered: line.Seq,
			})
		}
		if _, err := tx.Insert(&seats); err != nil {
			return err
		}
	}
	return nil
}
