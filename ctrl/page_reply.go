package ctrl

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"hongyan/model"
	"hongyan/view"
)

// replyForm is the form by which one answers where no module runs; nil where
// nobody can. Its cid makes a form that is sent twice one message. It carries
// how far the reader has come, since answering is reading.
func (p *pages) replyForm(r *request, kind int, shown []model.Message, again *view.Form) *view.Reply {
	if kind == model.KindNotice {
		return nil
	}
	reply := &view.Reply{Action: r.URL.Path, CID: rand.Text()}
	for i := range shown {
		reply.Seq = max(reply.Seq, shown[i].Seq)
	}
	if again != nil {
		reply.Text, reply.Fault = again.Values["content"], again.Faults["form"]
	}
	return reply
}

// reply takes the form of a conversation: what it says, or only how far its
// reader has read.
func (p *pages) reply(w http.ResponseWriter, r *request) error {
	if r.Session == nil {
		toLogin(w, r)
		return nil
	}
	kind, dstID, err := conversationOf(r)
	if err != nil {
		return err
	}
	f, err := p.form(r, "content", "cid")
	if err != nil {
		return err
	}
	if err := p.say(r, kind, dstID, f); err != nil {
		code, text := p.explain(r.Context(), r.Lang, r.ID, err)
		f.Faults["form"] = text
		return p.renderApp(w, r, status(code), nil, f)
	}
	http.Redirect(w, r.Request, fmt.Sprintf("/c/%d-%d", kind, dstID), http.StatusSeeOther)
	return nil
}

func (p *pages) say(r *request, kind int, dstID int64, f *view.Form) error {
	if err := allow(p.Limits.Say, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return err
	}
	from := model.Sender{UserID: r.UserID()}
	if text := f.Values["content"]; text != "" {
		// A browser writes line breaks in forms as CR LF.
		text = strings.ReplaceAll(text, "\r\n", "\n")
		m := model.Message{Cmd: kind, DstID: dstID, Media: model.MediaText, Content: text, CID: f.Values["cid"]}
		if err := p.source.Say(r.Context(), from, m); err != nil {
			return err
		}
	}
	seq, err := strconv.ParseInt(r.PostFormValue("seq"), 10, 64)
	if err != nil || seq <= 0 {
		return nil
	}
	return p.source.Say(r.Context(), from, model.Message{Cmd: model.CmdRead, Kind: kind, DstID: dstID, Seq: seq})
}

// Say sends a message or a change and waits until it is stored.
func (s siteSource) Say(ctx context.Context, from model.Sender, m model.Message) error {
	stored := make(chan error, 1)
	s.Messages.Send(ctx, from, m, func(_ model.Message, err error) { stored <- err })
	select {
	case err := <-stored:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
