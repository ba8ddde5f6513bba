package notify

import (
	"context"
	"encoding/base64"
	"net/url"
	"path"
	"strings"

	"hongyan/model"
)

// ntfy publishes to a topic of a ntfy server; the secret, if there is one, is
// an access token or user:password.
type ntfy struct{ caller }

// Check asks for an address whose last part is the topic.
func (t ntfy) Check(address, _ string) error {
	u, err := t.check(address)
	if err == nil && strings.Trim(u.Path, "/") == "" {
		err = model.Invalid("address")
	}
	return err
}

// Notify posts JSON to the server's root, which takes any language in titles.
func (t ntfy) Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error {
	u, err := url.Parse(c.Address)
	if err != nil {
		return &model.NotifyError{Reason: "address", Final: true}
	}
	folder, topic := path.Split(strings.TrimRight(u.Path, "/"))
	root := url.URL{Scheme: u.Scheme, Host: u.Host, Path: folder}
	body := map[string]any{"topic": topic, "title": n.Title, "message": n.Text, "tags": []string{"speech_balloon"}}
	if link := n.URL(); link != "" {
		body["click"] = link
	}
	headers := map[string]string{}
	switch {
	case c.Secret == "":
	case strings.Contains(c.Secret, ":"):
		headers["Authorization"] = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Secret))
	default:
		headers["Authorization"] = "Bearer " + c.Secret
	}
	_, err = t.post(ctx, root.String(), body, headers)
	return err
}

// bark reaches an iPhone through a Bark server: the address is the one that the
// app shows, https://api.day.app/KEY.
type bark struct{ caller }

// Check asks for an address with the device's key in it.
func (b bark) Check(address, _ string) error {
	u, err := b.check(address)
	if err == nil && strings.Trim(u.Path, "/") == "" {
		err = model.Invalid("address")
	}
	return err
}

// Notify posts to /push of the server.
func (b bark) Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error {
	u, err := url.Parse(c.Address)
	if err != nil {
		return &model.NotifyError{Reason: "address", Final: true}
	}
	key, _, _ := strings.Cut(strings.TrimLeft(u.Path, "/"), "/")
	body := map[string]any{"device_key": key, "title": n.Title, "body": n.Text, "group": "hongyan", "badge": n.Total}
	if link := n.URL(); link != "" {
		body["url"] = link
	}
	root := url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/push"}
	data, err := b.post(ctx, root.String(), body, nil)
	if err != nil {
		return err
	}
	return said(data, "code", 200)
}
