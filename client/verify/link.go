package verify

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"hongyan/client"
	"hongyan/model"
)

// talkID names a conversation for everybody alike.
type talkID struct {
	kind      int
	low, high int64
}

// talkOf is the conversation that user files under kind and dstID.
func talkOf(kind int, user, dstID int64) talkID {
	if kind == model.KindSingle {
		return talkID{kind, min(user, dstID), max(user, dstID)}
	}
	return talkID{kind: kind, low: dstID}
}

// String is the name that events have for it.
func (t talkID) String() string {
	if t.kind == model.KindSingle {
		return fmt.Sprintf("single:%d:%d", t.low, t.high)
	}
	return fmt.Sprintf("room:%d", t.low)
}

// dst is what user calls the conversation.
func (t talkID) dst(user int64) int64 {
	if t.kind == model.KindSingle && t.low == user {
		return t.high
	}
	return t.low
}

// link is a session's way to wherever the server is at the moment.
type link struct {
	run   *run
	token string
	turn  int // which of several addresses is the first

	mu      sync.Mutex // guards the following
	version int
	current *client.Client
}

func (r *run) link(token string, turn int) *link { return &link{run: r, token: token, turn: turn} }

// client is one for the addresses of now.
func (l *link) client() *client.Client {
	addresses, version := l.run.where()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil || l.version != version {
		if l.current != nil {
			l.current.Close()
		}
		n := l.turn % len(addresses)
		l.current = client.New(append(append([]string(nil), addresses[n:]...), addresses[:n]...)...)
		l.current.SetToken(l.token)
		l.version = version
	}
	return l.current
}

func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != nil {
		l.current.Close()
	}
}

// page reads the history after seq and writes down what it got.
func (l *link) page(ctx context.Context, dev int, user int64, t talkID, after int64, limit int) ([]model.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	l.run.rec.add(Event{What: Ask, Dev: dev, User: user, Conv: t.String(), Seq: after})
	page, err := l.client().History(ctx, t.kind, t.dst(user), after, limit)
	answer := Event{What: Page, Dev: dev, User: user, Conv: t.String(), Seq: after, N: int64(len(page)), Limit: int64(limit)}
	var refusal *client.Error
	switch {
	case errors.As(err, &refusal) && refusal.Status >= 400 && refusal.Status < 500 && refusal.Code != model.CodeRateLimited && refusal.Code != model.CodeUnauthenticated:
		answer.Code = string(refusal.Code)
		l.run.rec.add(answer)
		return nil, err
	case err != nil:
		return nil, err
	}
	events := []Event{answer}
	for i := range page {
		events = append(events, recvOf(dev, t, &page[i], Aged))
	}
	l.run.rec.add(events...)
	return page, nil
}

// list reads the conversations and writes down the cursors; name says what for.
func (l *link) list(ctx context.Context, dev int, user int64, name string) ([]model.ConversationRow, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	l.run.rec.add(Event{What: List, Dev: dev, User: user})
	rows, err := l.client().Conversations(ctx)
	if err != nil {
		return nil, err
	}
	var mine []model.ConversationRow
	var events []Event
	for _, row := range rows {
		if row.Kind == model.KindSingle || row.Kind == model.KindRoom {
			mine = append(mine, row)
			events = append(events, Event{What: Row, Dev: dev, User: user, Conv: talkOf(row.Kind, user, row.DstID).String(),
				Seq: row.ReadSeq, N: row.Unread, Last: row.LastSeq, Name: name})
		}
	}
	l.run.rec.add(events...)
	return mine, nil
}

// whole reads a timeline from its beginning, as it is in the end.
func (l *link) whole(ctx context.Context, dev int, user int64, t talkID) (int64, error) {
	var all []model.Message
	for after := int64(0); ; {
		call, cancel := context.WithTimeout(ctx, callTime)
		page, err := l.client().History(call, t.kind, t.dst(user), after, pageSize)
		cancel()
		if err != nil {
			return 0, err
		}
		all = append(all, page...)
		if len(page) < pageSize {
			break
		}
		after = page[len(page)-1].Seq
	}
	l.run.rec.add(Event{What: Final, Dev: dev, User: user, Conv: t.String(), N: int64(len(all))})
	for i := range all {
		l.run.rec.add(recvOf(dev, t, &all[i], Last))
	}
	return int64(len(all)), nil
}
