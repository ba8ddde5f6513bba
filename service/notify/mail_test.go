package notify_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net"
	"net/mail"
	"strings"
	"testing"

	"hongyan/model"
	"hongyan/service/notify"
)

// mailServer speaks as much SMTP as a mail needs, and gives what it was told.
func mailServer(t *testing.T, refuse string) (address string, mails <-chan []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	got := make(chan []string, 8)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go converse(conn, refuse, got)
		}
	}()
	return l.Addr().String(), got
}

func converse(conn net.Conn, refuse string, got chan<- []string) {
	defer func() { _ = conn.Close() }()
	said := []string{}
	say := func(text string) { _, _ = fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 here")
	data := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		said = append(said, line)
		switch {
		case data && line == ".":
			data = false
			got <- said
			say("250 taken")
		case data:
		case refuse != "" && strings.HasPrefix(line, "RCPT"):
			say(refuse)
		case strings.HasPrefix(line, "EHLO"):
			say("250-here")
			say("250 AUTH PLAIN")
		case strings.HasPrefix(line, "AUTH"):
			say("235 welcome")
		case line == "DATA":
			data = true
			say("354 go on")
		case line == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestMail(t *testing.T) {
	address, mails := mailServer(t, "")
	mailer, err := notify.NewMailer("smtp://ann:p%40ss@"+address+"?from=hongyan@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	n := notice()
	n.Title = "新消息\r\nBcc: evil@example.com"
	if err := mailer.Notify(t.Context(), &model.NotifyChannel{Address: "bo@example.com"}, n); err != nil {
		t.Fatal(err)
	}
	said := <-mails
	text := strings.Join(said, "\r\n")
	for _, want := range []string{"MAIL FROM:<hongyan@example.com>", "RCPT TO:<bo@example.com>", "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00ann\x00p@ss"))} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	_, body, _ := strings.Cut(text, "DATA\r\n")
	m, err := mail.ReadMessage(strings.NewReader(strings.TrimSuffix(body, "\r\n.")))
	if err != nil {
		t.Fatal(err)
	}
	subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	content, _ := io.ReadAll(base64.NewDecoder(base64.StdEncoding, m.Body))
	if m.Header.Get("Bcc") != "" || subject != "新消息  Bcc: evil@example.com" || string(content) != "2 条未读消息\n\nhttps://chat.example/c/10-7\n" ||
		m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("To") != "<bo@example.com>" {
		t.Errorf("header %v, subject %q, body %q", m.Header, subject, content)
	}
}

func TestMailRefusals(t *testing.T) {
	for answer, want := range map[string]model.NotifyError{
		"550 no such user": {Reason: "mail: 550 no such user", Final: true}, "451 later": {Reason: "mail: 451 later"},
	} {
		address, _ := mailServer(t, answer)
		mailer, err := notify.NewMailer("smtp://"+address+"?from=hongyan@example.com", nil)
		if err != nil {
			t.Fatal(err)
		}
		fault(t, mailer.Notify(t.Context(), &model.NotifyChannel{Address: "bo@example.com"}, notice()), want.Reason, want.Final, false, 0)
	}
	for _, source := range []string{"", "http://x?from=a@b.c", "smtp://x", "smtp://x?from=nobody", "smtp://?from=a@b.c"} {
		if _, err := notify.NewMailer(source, nil); err == nil {
			t.Errorf("%q is taken", source)
		}
	}
	mailer, _ := notify.NewMailer("smtp://x?from=a@b.cn", nil)
	for _, address := range []string{"", "x", "a@b.cn\r\nBcc: c@d.e", "Ann <a@b.cn>", "a@b.cn, c@d.e", strings.Repeat("x", 250) + "@b.cn"} {
		if mailer.Check(address, "") == nil {
			t.Errorf("%q is taken", address)
		}
	}
	if err := mailer.Check("a@b.cn", ""); err != nil {
		t.Error(err)
	}
}
