package ctrl

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/util/metrics"
)

// newTalk is a village whose people can talk.
func newTalk(t *testing.T) *village {
	v := newVillage(t)
	committer := service.NewCommitter(v.db, v.live, time.Now, metrics.New(), slog.New(slog.DiscardHandler))
	t.Cleanup(committer.Close)
	messages, err := service.NewMessageService(t.Context(), v.db, committer, v.live, time.Now, time.Minute, func() {})
	if err != nil {
		t.Fatal(err)
	}
	v.server.Messages, v.server.Records = messages, service.NewRecordService(v.db, time.Now)
	return v
}

// say sends a message and waits until it is stored.
func (v *village) say(from *person, m model.Message) model.Message {
	v.Helper()
	stored := make(chan model.Message, 1)
	v.server.Messages.Send(v.Context(), model.Sender{UserID: from.ID}, m, func(ack model.Message, err error) {
		if err != nil {
			v.Error(err)
		}
		stored <- ack
	})
	return <-stored
}

func TestReceiptRoutes(t *testing.T) {
	v := newTalk(t)
	group := v.found("open")
	m := v.say(v.ann, model.Message{Cmd: model.CmdRoom, DstID: group, Media: model.MediaText, Content: "八点"})
	ask := fmt.Sprintf("kind=11&dstid=%d&seq=%d", group, m.Seq)
	var readers []model.Reader
	v.ann.want("", "/message/readers", ask).into(t, &readers)
	if len(readers) != 1 || readers[0].ID != v.ben.ID || readers[0].State != model.ReceiptStored {
		t.Errorf("readers %+v", readers)
	}
	v.say(v.ben, model.Message{Cmd: model.CmdRead, Kind: model.KindRoom, DstID: group, Seq: m.Seq})
	var counts []model.Receipt
	v.ann.want("", "/message/receipts", fmt.Sprintf("kind=11&dstid=%d&seqs=%d,77", group, m.Seq)).into(t, &counts)
	if len(counts) != 1 || counts[0] != (model.Receipt{Seq: m.Seq, Of: 1, Delivered: 1, Read: 1}) {
		t.Errorf("counts %+v", counts)
	}
	v.ben.want("not_found", "/message/readers", ask)
	v.cat.want("not_member", "/message/readers", ask)
	v.nobody().want("unauthenticated", "/message/readers", ask)
	v.ann.want("invalid_argument", "/message/receipts", fmt.Sprintf("kind=11&dstid=%d", group))
	v.server.Messages.Receipts.Off = true
	if r := v.ann.want("forbidden", "/message/readers", ask); !strings.Contains(r.Msg, "switched off") {
		t.Errorf("switched off: %q", r.Msg)
	}
}

func TestRecordRoutes(t *testing.T) {
	v := newTalk(t)
	group := v.found("open")
	m := v.say(v.ann, model.Message{Cmd: model.CmdRoom, DstID: group, Media: model.MediaText, Content: "八点"})
	create := fmt.Sprintf("kind=11&dstid=%d&seqs=%d", group, m.Seq)
	var r model.Record
	v.ben.want("", "/record/create", create).into(t, &r)
	if r.Title != "村" || len(r.Items) != 1 || r.Items[0].Content != "八点" || len(r.Lines) != 1 {
		t.Errorf("record %+v", r)
	}
	get := fmt.Sprint("id=", r.ID)
	v.ann.want("not_found", "/record/get", get)
	v.cat.want("not_found", "/record/create", create)
	v.nobody().want("unauthenticated", "/record/get", get)
	post := v.say(v.ben, model.Message{Cmd: model.CmdSingle, DstID: v.ann.ID, Media: model.MediaNews, Content: "记录", URL: fmt.Sprint("/record/", r.ID)})
	if post.Seq == 0 {
		t.Fatal("not stored")
	}
	var shown json.RawMessage
	v.ann.want("", "/record/get", get).into(t, &shown)
	if !strings.Contains(string(shown), `"name":"`) || !strings.Contains(string(shown), "八点") {
		t.Errorf("shown %s", shown)
	}
	v.cat.want("not_found", "/record/get", get)
}

// The author's devices hear of delivery on their line.
func TestDeliveredIsHeardOnTheLine(t *testing.T) {
	q := newSquare(t)
	q.one.say(`{"cmd":10,"dstid":2,"media":1,"content":"hi","cid":"d1"}`)
	if m := q.one.next(); m.Cmd != model.CmdAck || m.Seq != 1 {
		t.Fatalf("ack %+v", m)
	}
	if m := q.two.next(); m.Cmd != model.CmdSingle {
		t.Fatalf("message %+v", m)
	}
	q.two.say(`{"cmd":1,"kind":10,"dstid":1,"seq":1}`)
	if m := q.one.next(); m.Cmd != model.CmdEvent || m.Content != model.EventDelivered || m.UserID != 2 || m.Ref != 1 || m.Kind != model.KindSingle || m.Seq != 0 {
		t.Errorf("event %+v", m)
	}
}
