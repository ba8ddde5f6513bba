package notify

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/util/outbound"

	"github.com/SherClockHolmes/webpush-go"
)

// pushLife is how long a push service keeps a message for a device that is
// off: what is older than a day is read in the list, not on a lock screen.
const pushLife = 24 * time.Hour

// anonymous is who push services are told to write to where the operator named
// nobody and the site has no public address: they refuse a site without one.
const anonymous = "push@example.org"

// Pusher sends messages to the push services of browsers.
type Pusher struct {
	caller
	contact string
	keys    func(ctx context.Context) (public, private string, err error)
	log     *slog.Logger
}

// NewPusher makes a Pusher. contact is whom push services may write to: a mail
// address or an https address; keys gives the site's pair.
func NewPusher(o Options, contact string, keys func(ctx context.Context) (public, private string, err error), log *slog.Logger) *Pusher {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Pusher{caller: caller{client: outbound.Client(o.Reach), reach: o.Reach, now: o.Now}, contact: contact, keys: keys, log: log}
}

// Check tells whether a subscription is of a form that can be pushed to.
func (p *Pusher) Check(s *model.PushSubscription) error {
	if _, err := outbound.Check(s.Endpoint, p.reach); err != nil || len(s.Endpoint) > model.MaxURL {
		return &model.Error{Code: model.CodeInvalid, Key: "endpoint", Err: err}
	}
	return nil
}

// note is the body of a push: the declarative form that Safari shows without
// asking our service worker, which reads the same fields elsewhere.
type note struct {
	WebPush      int         `json:"web_push"`
	Notification noteContent `json:"notification"`
	Badge        int64       `json:"app_badge"`
	Mutable      bool        `json:"mutable"`
}

type noteContent struct {
	Title    string   `json:"title"`
	Body     string   `json:"body"`
	Navigate string   `json:"navigate"`
	Lang     string   `json:"lang,omitempty"`
	Tag      string   `json:"tag,omitempty"`
	Data     noteData `json:"data"`
}

type noteData struct {
	Path  string `json:"path"`
	Kind  int    `json:"kind,omitempty"`
	DstID int64  `json:"dstid,omitempty"`
	Seq   int64  `json:"seq,omitempty"`
	Count int64  `json:"count"`
}

// Push sends a notice to a device. topic, up to 32 characters of base64url,
// makes a later one take the place of an earlier one that still waits.
func (p *Pusher) Push(ctx context.Context, s *model.PushSubscription, n *model.Notice, topic string) error {
	public, private, err := p.keys(ctx)
	if err != nil {
		return &model.NotifyError{Reason: "keys"}
	}
	body, err := json.Marshal(note{WebPush: 8030, Badge: n.Total, Mutable: true, Notification: noteContent{
		Title: n.Title, Body: n.Text, Navigate: n.Origin + n.Path, Lang: n.Lang, Tag: topic,
		Data: noteData{Path: n.Path, Kind: n.Kind, DstID: n.DstID, Seq: n.Seq, Count: n.Count}}})
	if err != nil {
		return &model.NotifyError{Reason: "encoding", Final: true}
	}
	answer, err := webpush.SendNotificationWithContext(ctx, body,
		&webpush.Subscription{Endpoint: s.Endpoint, Keys: webpush.Keys{P256dh: s.P256dh, Auth: s.Auth}},
		&webpush.Options{
			HTTPClient: p.client, Subscriber: p.subscriber(s.Origin), Topic: topic, TTL: int(pushLife.Seconds()), Urgency: webpush.UrgencyHigh,
			VAPIDPublicKey: public, VAPIDPrivateKey: private,
		})
	if err != nil {
		if errors.Is(err, webpush.ErrMaxPadExceeded) {
			return &model.NotifyError{Reason: "too long", Final: true}
		}
		if _, network := errors.AsType[*url.Error](err); !network {
			return &model.NotifyError{Reason: "subscription", Final: true, Gone: true}
		}
		return unreached(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := p.judge(answer); err != nil {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 300)) // why, for the operator
		p.log.WarnContext(ctx, "push refused", "service", answer.Request.URL.Host, "status", answer.StatusCode, "answer", detail(string(text)))
		return err
	}
	return nil
}

// subscriber is whom a push service may write to. The library puts "mailto:"
// before what is no https address.
func (p *Pusher) subscriber(origin string) string {
	if p.contact != "" {
		return strings.TrimPrefix(p.contact, "mailto:")
	}
	if u, err := url.Parse(origin); err == nil && u.Scheme == "https" && strings.Contains(u.Hostname(), ".") && !strings.HasSuffix(u.Hostname(), ".local") {
		return origin
	}
	return anonymous
}
