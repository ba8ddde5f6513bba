package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"hongyan/model"
)

// webhook posts a notice to an address of the user's own, signed with the
// secret that both know.
type webhook struct{ caller }

// Check asks for an address and a secret.
func (w webhook) Check(address, secret string) error {
	if len(secret) < 8 {
		return model.Invalid("secret")
	}
	_, err := w.check(address)
	return err
}

// hook is the body of a webhook's call.
type hook struct {
	Event string `json:"event"` // message, test
	ID    string `json:"id"`    // the same when a call is repeated
	Title string `json:"title"`
	Text  string `json:"text"`
	Kind  int    `json:"kind,omitempty"`
	DstID int64  `json:"dstid,omitempty"`
	Seq   int64  `json:"seq,omitempty"`
	Count int64  `json:"count"`
	URL   string `json:"url,omitempty"`
	At    int64  `json:"at"`
}

// Notify posts JSON with X-Hongyan-Timestamp (Unix seconds) and
// X-Hongyan-Signature: sha256=HEX, the HMAC of timestamp, a dot and the body.
func (w webhook) Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error {
	event := "message"
	if n.Test {
		event = "test"
	}
	body, err := json.Marshal(hook{Event: event, ID: n.ID, Title: n.Title, Text: n.Text, Kind: n.Kind, DstID: n.DstID,
		Seq: n.Seq, Count: n.Count, URL: n.URL(), At: n.At})
	if err != nil {
		return &model.NotifyError{Reason: "encoding", Final: true}
	}
	stamp := strconv.FormatInt(w.now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(c.Secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	_, err = w.post(ctx, c.Address, body, map[string]string{
		"X-Hongyan-Timestamp": stamp, "X-Hongyan-Signature": "sha256=" + hex.EncodeToString(mac.Sum(nil)), "X-Hongyan-ID": n.ID,
	})
	return err
}
