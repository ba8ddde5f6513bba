package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"hongyan/model"
)

// wecom is a group robot of WeCom (企业微信): its key is part of the address.
type wecom struct{ caller }

// Check asks for an address with a key.
func (w wecom) Check(address, _ string) error { return w.checkQuery(address, "key") }

// Notify posts a text.
func (w wecom) Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error {
	data, err := w.post(ctx, c.Address, map[string]any{"msgtype": "text", "text": map[string]string{"content": lines(n)}}, nil)
	if err != nil {
		return err
	}
	return said(data, "errcode", 0)
}

// dingtalk is a group robot of DingTalk (钉钉). With a secret, calls are signed.
type dingtalk struct{ caller }

// Check asks for an address with an access token.
func (d dingtalk) Check(address, _ string) error { return d.checkQuery(address, "access_token") }

// Notify posts a text; timestamp and signature go into the address.
func (d dingtalk) Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error {
	u, err := url.Parse(c.Address)
	if err != nil {
		return &model.NotifyError{Reason: "address", Final: true}
	}
	if c.Secret != "" {
		stamp := strconv.FormatInt(d.now().UnixMilli(), 10)
		query := u.Query()
		query.Set("timestamp", stamp)
		query.Set("sign", sign(c.Secret, stamp+"\n"+c.Secret))
		u.RawQuery = query.Encode()
	}
	data, err := d.post(ctx, u.String(), map[string]any{"msgtype": "text", "text": map[string]string{"content": lines(n)}}, nil)
	if err != nil {
		return err
	}
	return said(data, "errcode", 0)
}

// feishu is a group robot of Feishu (飞书). With a secret, calls are signed.
type feishu struct{ caller }

// Check asks for an address.
func (f feishu) Check(address, _ string) error {
	_, err := f.check(address)
	return err
}

// Notify posts a text; timestamp and signature go into the body. Unlike
// DingTalk's, the signature is over nothing, keyed with both.
func (f feishu) Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error {
	body := map[string]any{"msg_type": "text", "content": map[string]string{"text": lines(n)}}
	if c.Secret != "" {
		stamp := strconv.FormatInt(f.now().Unix(), 10)
		body["timestamp"], body["sign"] = stamp, sign(stamp+"\n"+c.Secret, "")
	}
	data, err := f.post(ctx, c.Address, body, nil)
	if err != nil {
		return err
	}
	return said(data, "code", 0)
}

func (c caller) checkQuery(address, name string) error {
	u, err := c.check(address)
	if err == nil && u.Query().Get(name) == "" {
		err = model.Invalid("address")
	}
	return err
}

func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Codes by which robots say "too fast"; trying again later is of use.
const (
	wecomTooFast    = 45009
	dingtalkTooFast = 130101
	feishuTooFast   = 9499
	feishuTooFast2  = 11232
)

// said reads the code in the answer of a service that answers 200 to anything.
func said(data []byte, field string, fine int) error {
	var answer map[string]json.RawMessage
	if json.Unmarshal(data, &answer) != nil {
		return &model.NotifyError{Reason: "answer"}
	}
	raw, ok := answer[field]
	if !ok {
		raw = answer["StatusCode"] // Feishu's older answers
	}
	var code int
	if raw == nil || json.Unmarshal(raw, &code) != nil {
		return &model.NotifyError{Reason: "answer"}
	}
	if code == fine {
		return nil
	}
	text := ""
	for _, name := range []string{"errmsg", "msg", "message"} {
		if text == "" {
			_ = json.Unmarshal(answer[name], &text) // stays empty where there is none
		}
	}
	tooFast := code == wecomTooFast || code == dingtalkTooFast || code == feishuTooFast || code == feishuTooFast2
	return &model.NotifyError{Reason: "code: " + detail(fmt.Sprintf("%d %s", code, text)), Final: !tooFast}
}
