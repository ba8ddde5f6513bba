package service_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

// said is a text with an ext of its author's making.
func said(to int64, ext, cid string) model.Message {
	m := text(to, "look", cid)
	m.Ext = json.RawMessage(ext)
	return m
}

// TestAnotherSpellingOfAServersKeyOpensNoRecord: who says that a message shows a
// record, in capitals, must not come to see that record by making one of it.
func TestAnotherSpellingOfAServersKeyOpensNoRecord(t *testing.T) {
	onChat(t, func(c *chat) {
		records := service.NewRecordService(c.db, c.now)
		secret := c.must(alice, room("for the group alone"))
		kept, err := records.Create(c.Context(), alice, model.KindRoom, group, []int64{secret.Seq})
		if err != nil {
			c.Fatal(err)
		}
		c.exec(func(s *xorm.Session) error {
			_, err := s.Insert(&model.Contact{UserID: bob, DstID: carol}, &model.Contact{UserID: carol, DstID: bob})
			return err
		})
		ack := c.must(bob, said(carol, fmt.Sprintf(`{"Record":{"id":%d},"RECORD":{"ID":%d}}`, kept.ID, kept.ID), "f1"))
		// What an earlier release has let in is no better.
		c.exec(func(s *xorm.Session) error {
			_, err := s.Exec("UPDATE message SET ext = ?, sum = 0 WHERE id = ?", fmt.Sprintf(`{"Record":{"id":%d}}`, kept.ID), ack.ID)
			return err
		})
		own, err := records.Create(c.Context(), bob, model.KindSingle, carol, []int64{ack.Seq})
		if err != nil {
			c.Fatal(err)
		}
		c.must(bob, posting(carol, own.ID, "f2"))
		for _, reader := range []int64{bob, carol} {
			if _, err := records.Get(c.Context(), reader, kept.ID); model.CodeOf(err) != model.CodeNotFound {
				c.Errorf("%d reads alice's record: %v", reader, err)
			}
		}
	})
}

// TestAnotherSpellingOfAServersKeyDoesNothing: made up edits would have others'
// words wiped with the recall of one's own, made up reactions be others'.
func TestAnotherSpellingOfAServersKeyDoesNothing(t *testing.T) {
	onChat(t, func(c *chat) {
		hers := c.must(alice, text(bob, "hers", "a1"))
		forged := fmt.Sprintf(`{"Edits":[%d],"Reactions":{"👍":[1]},"Recalled":true,"Packet":7,"caLL":{"result":"missed"},"mine":1}`, hers.Seq)
		his := c.must(bob, said(alice, forged, "b1"))
		stored := c.history(alice, model.KindSingle, bob, after(his.Seq-1))[0]
		if string(stored.Ext) != `{"mine":1}` {
			c.Errorf("stored with %s", stored.Ext)
		}
		c.exec(func(s *xorm.Session) error { // as an earlier release has stored it
			_, err := s.Exec("UPDATE message SET ext = ?, sum = 0 WHERE id = ?", forged, his.ID)
			return err
		})
		c.must(bob, model.Message{Cmd: model.CmdReact, Kind: model.KindSingle, DstID: alice, Ref: his.Seq, Content: "👍", Amount: 1})
		var ext map[string]json.RawMessage
		if err := json.Unmarshal(c.history(alice, model.KindSingle, bob, after(his.Seq-1))[0].Ext, &ext); err != nil || string(ext["reactions"]) != `{"👍":[2]}` {
			c.Errorf("reactions %s, %v", ext["reactions"], err)
		}
		c.must(bob, model.Message{Cmd: model.CmdRecall, Kind: model.KindSingle, DstID: alice, Ref: his.Seq})
		if first := c.history(alice, model.KindSingle, bob, after(hers.Seq-1))[0]; first.Content != "hers" {
			c.Errorf("alice's words are %q after bob took back his", first.Content)
		}
	})
}
