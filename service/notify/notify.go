// Package notify brings notices to where people are while they are away: a
// browser's push service, robots of work chats, ntfy, Bark, a webhook of one's
// own, mail. Each kind is a small type with Check and Notify; none of them
// knows what a conversation is or keeps anything. It may import model and util.
package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"hongyan/model"
	"hongyan/util/outbound"
)

// maxAnswer bounds what is read of an answer, and maxDetail what is shown of it.
const (
	maxAnswer = 16 << 10
	maxDetail = 120
	maxRetry  = 10 * time.Minute
)

// caller posts to addresses that users chose.
type caller struct {
	client *http.Client
	reach  outbound.Options
	now    func() time.Time
}

// check tells whether an address may be called, as a field's error.
func (c caller) check(address string) (*url.URL, error) {
	u, err := outbound.Check(address, c.reach)
	if err != nil {
		return nil, &model.Error{Code: model.CodeInvalid, Key: "address", Err: err}
	}
	return u, nil
}

// post sends JSON and gives the body of a success.
func (c caller) post(ctx context.Context, address string, body any, headers map[string]string) ([]byte, error) {
	data, ok := body.([]byte)
	if !ok {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return nil, &model.NotifyError{Reason: "encoding", Final: true}
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(data))
	if err != nil {
		return nil, &model.NotifyError{Reason: "address", Final: true}
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "hongyan")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	return c.do(r)
}

func (c caller) do(r *http.Request) ([]byte, error) {
	answer, err := c.client.Do(r) // #nosec G704 -- the client refuses addresses inside
	if err != nil {
		return nil, unreached(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := c.judge(answer); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, unreached(err)
	}
	return data, nil
}

func unreached(err error) error {
	reason := outbound.Reason(err)
	return &model.NotifyError{Reason: reason, Final: reason == "refused" || reason == "tls"}
}

// judge makes an error of an answer that is no success.
func (c caller) judge(answer *http.Response) error {
	code := answer.StatusCode
	if code >= 200 && code < 300 {
		return nil
	}
	e := &model.NotifyError{Reason: "status: " + strconv.Itoa(code)}
	switch {
	case code == http.StatusNotFound, code == http.StatusGone:
		e.Final, e.Gone = true, true
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
		e.RetryAfter = retryAfter(answer.Header.Get("Retry-After"), c.now())
	case code < 500 && code != http.StatusRequestTimeout:
		e.Final = true
	}
	return e
}

// retryAfter reads seconds or a date, and bounds what it asks for.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
		return time.Duration(min(max(seconds, 0), int(maxRetry/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxRetry)
	}
	return 0
}

// detail is a piece of somebody else's answer in a form that can be shown.
func detail(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < 0x20 || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxDetail {
		return string(runes[:maxDetail]) + "…"
	}
	return text
}

// lines is a notice as plain text: the title, what there is, where it leads.
func lines(n *model.Notice) string {
	parts := []string{n.Title, n.Text}
	if link := n.URL(); link != "" {
		parts = append(parts, link)
	}
	return strings.Join(parts, "\n")
}

// Options are what the kinds need of the outside.
type Options struct {
	Reach outbound.Options
	Now   func() time.Time // nil: time.Now
	Mail  *Mailer          // nil: the operator has set up none
}

// Channels are the kinds of channels by their names.
type Channels map[string]interface {
	Check(address, secret string) error
	Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error
}

// New makes the kinds.
func New(o Options) Channels {
	if o.Now == nil {
		o.Now = time.Now
	}
	c := caller{client: outbound.Client(o.Reach), reach: o.Reach, now: o.Now}
	all := Channels{
		model.ChannelWebhook: webhook{c}, model.ChannelNtfy: ntfy{c}, model.ChannelBark: bark{c},
		model.ChannelWeCom: wecom{c}, model.ChannelDingTalk: dingtalk{c}, model.ChannelFeishu: feishu{c},
	}
	if o.Mail != nil {
		all[model.ChannelMail] = o.Mail
	}
	return all
}
