package notify

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/util/outbound"
)

// mailTime bounds one conversation with the mail server.
const mailTime = 30 * time.Second

// Mailer sends mail through the operator's server.
type Mailer struct {
	host, address string
	implicit      bool // TLS from the first byte
	user, passwd  string
	from          mail.Address
	tls           *tls.Config
	now           func() time.Time
}

// NewMailer reads smtp://user:pass@host:587?from=ADDRESS (STARTTLS where the
// server offers it; a password is never sent without) or smtps://…:465.
func NewMailer(source string, roots *tls.Config) (*Mailer, error) {
	u, err := url.Parse(source)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" {
		return nil, errors.New("want smtp://user:pass@host:587?from=ADDRESS or smtps://…")
	}
	from, err := mail.ParseAddress(u.Query().Get("from"))
	if err != nil {
		return nil, errors.New("from: no mail address")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtp": "587", "smtps": "465"}[u.Scheme]
	}
	m := &Mailer{host: u.Hostname(), address: net.JoinHostPort(u.Hostname(), port), implicit: u.Scheme == "smtps", from: *from, now: time.Now}
	m.user = u.User.Username()
	m.passwd, _ = u.User.Password()
	m.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	if roots != nil {
		m.tls = roots.Clone()
	}
	m.tls.ServerName = m.host
	return m, nil
}

// Check asks for one plain mail address.
func (*Mailer) Check(address, _ string) error {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Name != "" || a.Address != address || len(address) > 254 || strings.ContainsAny(address, "\r\n\"<>") {
		return model.Invalid("address")
	}
	return nil
}

// Notify sends a notice as a plain mail.
func (m *Mailer) Notify(ctx context.Context, c *model.NotifyChannel, n *model.Notice) error {
	text := n.Text
	if link := n.URL(); link != "" {
		text += "\n\n" + link
	}
	return m.send(ctx, c.Address, n.Title, text)
}

func (m *Mailer) send(ctx context.Context, to, subject, text string) error {
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	err := m.deliver(ctx, to, m.compose(to, subject, text))
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return &model.NotifyError{Reason: "mail: " + detail(fmt.Sprintf("%d %s", e.Code, e.Msg)), Final: e.Code >= 500}
	}
	return &model.NotifyError{Reason: outbound.Reason(err)}
}

func (m *Mailer) deliver(ctx context.Context, to string, body []byte) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if m.implicit {
		conn = tls.Client(conn, m.tls)
	}
	c, err := smtp.NewClient(conn, m.host)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if offered, _ := c.Extension("STARTTLS"); offered && !m.implicit {
		if err := c.StartTLS(m.tls); err != nil {
			return err
		}
	}
	if m.user != "" {
		if err := c.Auth(smtp.PlainAuth("", m.user, m.passwd, m.host)); err != nil {
			return err
		}
	}
	if err := c.Mail(m.from.Address); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(body); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // what was accepted stays so
	return nil
}

// compose writes a mail; what people chose is encoded, so that no line of it
// becomes a header.
func (m *Mailer) compose(to, subject, text string) []byte {
	var b bytes.Buffer
	_, host, _ := strings.Cut(m.from.Address, "@")
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", m.from.String())
	header("To", (&mail.Address{Address: to}).String())
	header("Subject", mime.BEncoding.Encode("utf-8", strings.Map(oneLine, subject)))
	header("Date", m.now().Format(time.RFC1123Z))
	header("Message-ID", "<"+rand.Text()+"@"+host+">")
	header("Auto-Submitted", "auto-generated")
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "base64")
	b.WriteString("\r\n")
	encoded := base64.StdEncoding.EncodeToString([]byte(text + "\n"))
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\r\n")
		encoded = encoded[76:]
	}
	b.WriteString(encoded + "\r\n")
	return b.Bytes()
}

func oneLine(r rune) rune {
	if r < 0x20 || r == 0x7f {
		return ' '
	}
	return r
}
