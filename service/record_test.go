package service_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

// posting is the message that shows a record.
func posting(to, record int64, cid string) model.Message {
	return model.Message{Cmd: model.CmdSingle, DstID: to, Media: model.MediaNews, Content: "聊天记录", URL: fmt.Sprint("/record/", record), CID: cid}
}

func TestRecordIsWhatWasSaid(t *testing.T) {
	onChat(t, func(c *chat) {
		records := service.NewRecordService(c.db, c.now)
		c.exec(func(s *xorm.Session) error {
			_, err := s.Insert(&model.Contact{UserID: bob, DstID: carol}, &model.Contact{UserID: carol, DstID: bob})
			return err
		})
		one := c.must(alice, room("first\nline"))
		two := c.must(bob, model.Message{Cmd: model.CmdRoom, DstID: group, Media: model.MediaRedPacket, Memo: "luck", Amount: 100, URL: "/packet/1"})
		three := c.must(alice, room("to be taken back"))
		c.must(alice, model.Message{Cmd: model.CmdRecall, Kind: model.KindRoom, DstID: group, Ref: three.Seq})

		record, err := records.Create(c.Context(), bob, model.KindRoom, group, []int64{two.Seq, one.Seq, three.Seq, one.Seq})
		if err != nil {
			c.Fatal(err)
		}
		if record.Title != "开发群" || record.Count != 2 || len(record.Items) != 2 || record.Items[0].Content != "first\nline" || record.Items[0].Name != "Alice" ||
			record.Items[1].Amount != 0 || record.Items[1].URL != "" || record.Lines[0].Text != "first line" {
			c.Errorf("the record is %+v", record)
		}
		if _, err := records.Get(c.Context(), alice, record.ID); model.CodeOf(err) != model.CodeNotFound {
			c.Errorf("before it is posted, alice gets it: %v", err)
		}
		// Made up ext of a client's own is the server's to write.
		m := posting(carol, record.ID, "r1")
		m.Ext = json.RawMessage(`{"record":{"id":1,"title":"forged"},"own":1}`)
		ack := c.must(bob, m)
		stored := c.history(carol, model.KindSingle, bob, service.Page{})[0]
		if ext := string(stored.Ext); !strings.Contains(ext, `"title":"开发群"`) || strings.Contains(ext, "forged") || !strings.Contains(ext, `"own":1`) {
			c.Errorf("ext is %s", ext)
		}
		if got, err := records.Get(c.Context(), carol, record.ID); err != nil || got.Count != 2 || got.Items[1].Memo != "luck" {
			c.Errorf("carol gets %+v, %v", got, err)
		}
		// A record in a record is seen by who sees the outer one.
		outer, err := records.Create(c.Context(), carol, model.KindSingle, bob, []int64{ack.Seq})
		if err != nil {
			c.Fatal(err)
		}
		if _, err := c.send(alice, posting(bob, outer.ID, "")); model.CodeOf(err) != model.CodeForbidden {
			c.Errorf("alice posts what she may not see: %v", err)
		}
		c.must(carol, posting(bob, outer.ID, ""))
		c.must(bob, posting(alice, outer.ID, ""))
		if got, err := records.Get(c.Context(), alice, record.ID); err != nil || got.Count != 2 {
			c.Errorf("alice gets the inner one: %+v, %v", got, err)
		}
		// A resend is the same message; taking it back takes the sight of it back.
		if again := c.must(bob, m); again.ID != ack.ID {
			c.Errorf("resent: %+v, was %+v", again, ack)
		}
		c.must(bob, model.Message{Cmd: model.CmdRecall, Kind: model.KindSingle, DstID: carol, Ref: ack.Seq})
		c.exec(func(s *xorm.Session) error { // nothing but the first posting let carol see it, besides her own record
			_, err := s.Exec("DELETE FROM recordpost WHERE recordid = ? AND conversationid <> (SELECT id FROM conversation WHERE kind = 10 AND low = 2 AND high = 3)", record.ID)
			return err
		})
		if _, err := records.Get(c.Context(), alice, record.ID); model.CodeOf(err) != model.CodeNotFound {
			c.Errorf("after it was taken back alice gets it: %v", err)
		}
	})
}

func TestRecordOfWhatIsNotOnes(t *testing.T) {
	onChat(t, func(c *chat) {
		records := service.NewRecordService(c.db, c.now)
		m := c.must(alice, room("secret"))
		for name, seqs := range map[string][]int64{"none": nil, "too many": make([]int64, 0, 101)} {
			for i := range cap(seqs) {
				seqs = append(seqs, int64(i+1))
			}
			if _, err := records.Create(c.Context(), alice, model.KindRoom, group, seqs); model.CodeOf(err) != model.CodeInvalid {
				c.Errorf("%s: %v", name, err)
			}
		}
		for name, try := range map[string]func() error{
			"a stranger": func() error {
				_, err := records.Create(c.Context(), carol, model.KindRoom, group, []int64{m.Seq})
				return err
			},
			"not there": func() error {
				_, err := records.Create(c.Context(), alice, model.KindRoom, group, []int64{m.Seq, 99})
				return err
			},
			"unknown record": func() error { _, err := records.Get(c.Context(), alice, 77); return err },
		} {
			if err := try(); model.CodeOf(err) != model.CodeNotFound {
				c.Errorf("%s: %v", name, err)
			}
		}
		if _, err := c.send(alice, posting(bob, 77, "")); model.CodeOf(err) != model.CodeForbidden {
			c.Errorf("posting an unknown record: %v", err)
		}
	})
}

// TestRecordsNobodyPosts: what somebody makes and posts nowhere is bounded, and
// goes after a while; what was posted stays.
func TestRecordsNobodyPosts(t *testing.T) {
	onChat(t, func(c *chat) {
		records := service.NewRecordService(c.db, c.now)
		one := c.must(alice, text(bob, "said", ""))
		make := func() (int64, error) {
			record, err := records.Create(c.Context(), alice, model.KindSingle, bob, []int64{one.Seq})
			if err != nil {
				return 0, err
			}
			return record.ID, nil
		}
		posted, err := make()
		if err != nil {
			t.Fatal(err)
		}
		c.must(alice, posting(bob, posted, "p"))
		var last int64
		for range 100 {
			if last, err = make(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := make(); model.CodeOf(err) != model.CodeRateLimited {
			t.Errorf("one too many: %v", err)
		}
		c.wait(31 * 24 * time.Hour)
		if _, err := make(); err != nil {
			t.Errorf("a month later: %v", err)
		}
		if _, err := records.Get(c.Context(), alice, last); model.CodeOf(err) != model.CodeNotFound {
			t.Errorf("what nobody posted is still there: %v", err)
		}
		if _, err := records.Get(c.Context(), bob, posted); err != nil {
			t.Errorf("what was posted: %v", err)
		}
	})
}
