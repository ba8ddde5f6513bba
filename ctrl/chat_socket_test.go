package ctrl

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service/hub"

	"github.com/gorilla/websocket"
)

func TestFramesThatHaveNoEffect(t *testing.T) {
	s := newChat(t, nil)
	p := s.talker("one")
	tests := []struct {
		name, frame string
		code        model.Code
		cid         string
	}{
		{"unknown cmd", `{"cmd":99,"cid":"a"}`, model.CodeInvalid, "a"},
		{"negative cmd", `{"cmd":-1}`, model.CodeInvalid, ""},
		{"a cmd of the server", `{"cmd":6}`, model.CodeInvalid, ""},
		{"wrong type", `{"cmd":10,"dstid":"2","cid":"b"}`, model.CodeInvalid, "b"},
		{"array", `[1,2]`, model.CodeInvalid, ""},
		{"null", `null`, model.CodeInvalid, ""},
		{"nonsense", `hello,world!`, model.CodeInvalid, ""},
		{"empty", ``, model.CodeInvalid, ""},
		{"deep", strings.Repeat("[", 10_000), model.CodeInvalid, ""},
		{"refused by the service", `{"cmd":10,"dstid":2,"content":"no","cid":"c"}`, model.CodeNotFriend, "c"},
		{"delivered beyond the end", `{"cmd":1,"kind":10,"dstid":2,"seq":101}`, model.CodeInvalid, ""},
		{"room without a number", `{"cmd":2}`, model.CodeInvalid, ""},
		{"live without a room", `{"cmd":4,"dstid":-3,"content":"x"}`, model.CodeInvalid, ""},
		{"live too long", `{"cmd":4,"dstid":3,"memo":"` + strings.Repeat("x", model.MaxMemo+1) + `"}`, model.CodeTooLarge, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := &talker{t, p.Conn}
			p.say(test.frame)
			p.refused(test.code, test.cid)
			p.alive()
		})
	}
}

func TestSentenceInTheSocketsLanguage(t *testing.T) {
	s := newChat(t, nil)
	sentences := map[string]bool{}
	for _, language := range []string{"zh-CN", "en"} {
		conn, _, _ := s.open("", map[string][]string{"Authorization": {"Bearer one"}, "Accept-Language": {language}})
		p := &talker{t, conn}
		p.next()
		p.say(`{"cmd":99}`)
		sentences[p.next().Msg] = true
	}
	if !sentences["Unknown command"] || len(sentences) != 2 {
		t.Errorf("sentences %v", sentences)
	}
}

func TestMessageGoesToTheOtherDevicesAndThePeer(t *testing.T) {
	s := newChat(t, nil)
	a, tablet, b := s.talker("one"), s.talker("one"), s.talker("two")
	a.say(`{"cmd":10,"id":99,"userid":2,"at":5,"dstid":2,"media":1,"content":"hi","cid":"c1"}`)
	if m := a.next(); m.Cmd != model.CmdAck || m.CID != "c1" || m.Seq != 1 {
		t.Errorf("ack %+v", m)
	}
	for _, p := range []*talker{tablet, b} {
		if m := p.next(); m.Content != "hi" || m.UserID != 1 || m.Seq != 1 {
			t.Errorf("got %+v", m)
		}
	}
	a.alive()
	b.say(`{"cmd":14,"userid":1,"kind":10,"dstid":1}`)
	for _, p := range []*talker{a, tablet} {
		if m := p.next(); m.Cmd != model.CmdTyping || m.UserID != 2 {
			t.Errorf("got %+v", m)
		}
	}
	a.say(`{"cmd":1,"kind":10,"dstid":2,"seq":1}`) // has no answer
	a.alive()
}

func TestLiveRoom(t *testing.T) {
	s := newChat(t, nil)
	a, b := s.talker("one"), s.talker("two")
	a.say(`{"cmd":2,"dstid":5}`)
	a.alive()
	b.say(`{"cmd":4,"userid":1,"dstid":5,"media":1,"content":"live","seq":7,"ext":{"own":1,"Recalled":true,"reactions":{}}}`)
	if m := a.next(); m.Cmd != model.CmdLive || m.UserID != 2 || m.Content != "live" || m.Seq != 0 || string(m.Ext) != `{"own":1}` {
		t.Errorf("got %+v, ext %s", m, m.Ext)
	}
	b.say(`{"cmd":4,"dstid":5,"media":1,"content":"live","cid":"x","ext":[1]}`)
	b.refused(model.CodeInvalid, "x")
	a.say(`{"cmd":3,"dstid":5}`)
	a.alive()
	b.say(`{"cmd":4,"dstid":5,"media":1,"content":"unheard"}`)
	b.alive()
	a.alive()
}

func TestFrameSize(t *testing.T) {
	s := newChat(t, nil)
	p := s.talker("one")
	frame := func(size int) string {
		head, tail := `{"cmd":10,"dstid":2,"content":"no","cid":"c","memo":"`, `"}`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	p.say(frame(model.MaxFrame))
	p.refused(model.CodeNotFriend, "c")
	p.say(frame(model.MaxFrame + 1))
	if code := p.closed(); code != 1009 {
		t.Errorf("closed with %d", code)
	}
}

func TestCloseCodes(t *testing.T) {
	split := "\xe4\xbd\xa0" // 你
	tests := []struct {
		name string
		do   func(p *talker)
		want int
	}{
		{"binary", func(p *talker) { _ = p.WriteMessage(websocket.BinaryMessage, []byte(`{"cmd":0}`)) }, 1003},
		{"invalid UTF-8", func(p *talker) { p.say("{\"cmd\":0,\"content\":\"\xff\"}") }, 1007},
		{"half a close code", func(p *talker) { _, _ = p.NetConn().Write([]byte{0x88, 0x81, 0, 0, 0, 0, 'x'}) }, 1002},
		{"a reason that is not UTF-8", func(p *talker) {
			_, _ = p.NetConn().Write([]byte{0x88, 0x83, 0, 0, 0, 0, 0x03, 0xe8, 0xff})
		}, 1007},
		{"not UTF-8, and never whole", func(p *talker) { _, _ = p.NetConn().Write([]byte{0x81, 0x85, 0, 0, 0, 0, '{', 0xff}) }, 1007},
		{"half a character at the end", func(p *talker) { p.say(`{"cmd":0,"content":"` + split[:2]) }, 1007},
		{"goodbye", func(p *talker) {
			_ = p.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
		}, 1000},
		{"reserved bits", func(p *talker) { _, _ = p.NetConn().Write([]byte{0xf1, 0x80, 0, 0, 0, 0}) }, 1002},
		{"no mask", func(p *talker) { _, _ = p.NetConn().Write([]byte{0x81, 0x01, 'x'}) }, 1002},
		{"fragments without end", func(p *talker) {
			_, _ = p.NetConn().Write([]byte{0x01, 0x80, 0, 0, 0, 0})
			empty := strings.Repeat("\x00\x80\x00\x00\x00\x00", 1000)
			for range 200 {
				if _, err := p.NetConn().Write([]byte(empty)); err != nil {
					return
				}
			}
		}, 1008},
		{"a flood of frames", func(p *talker) {
			for range 2000 {
				if p.WriteMessage(websocket.TextMessage, []byte(`{"cmd":0}`)) != nil {
					return
				}
			}
		}, 1008},
		{"a flood of pings", func(p *talker) {
			for range 2000 {
				if p.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) != nil {
					return
				}
			}
		}, 1008},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newChat(t, nil)
			bystander := s.talker("two")
			p := s.talker("one")
			test.do(p)
			if code := p.closed(); code != test.want {
				t.Errorf("closed with %d, want %d", code, test.want)
			}
			bystander.alive()
		})
	}
}

func TestFragmentsInsideACharacter(t *testing.T) {
	s := newChat(t, nil)
	p := s.talker("one")
	text := `{"cmd":10,"dstid":2,"content":"no","memo":"你","cid":"split"}`
	cut := strings.Index(text, "你") + 1
	_, err := p.NetConn().Write(append([]byte{0x01, 0x80 | byte(cut), 0, 0, 0, 0}, text[:cut]...))
	if err == nil {
		_, err = p.NetConn().Write(append([]byte{0x80, 0x80 | byte(len(text)-cut), 0, 0, 0, 0}, text[cut:]...))
	}
	if err != nil {
		t.Fatal(err)
	}
	p.refused(model.CodeNotFriend, "split")
}

func TestRateLimitWarnsFirst(t *testing.T) {
	s := newChat(t, nil)
	p := s.talker("one")
	for i := range framesBurst + 20 {
		p.say(fmt.Sprintf(`{"cmd":1,"kind":10,"dstid":2,"seq":1,"cid":"%d"}`, i))
	}
	m := p.next()
	var first int
	if _, err := fmt.Sscan(m.CID, &first); err != nil || m.Error != string(model.CodeRateLimited) || first < framesBurst {
		t.Errorf("first warned with %+v", m)
	}
}

func TestUnlimited(t *testing.T) {
	s := newChat(t, func(c *Chat, _ *hub.Options) { c.Unlimited = true })
	p := s.talker("one")
	for range framesBurst + refusedBurst + 500 {
		p.say(`{"cmd":1,"kind":10,"dstid":2,"seq":1}`)
	}
	p.alive()
}

func TestInFlightIsBounded(t *testing.T) {
	s := newChat(t, nil)
	s.echo.hold = make(chan struct{})
	p := s.talker("one")
	for i := range maxInFlight + 10 {
		p.say(fmt.Sprintf(`{"cmd":10,"dstid":2,"media":1,"content":"x","cid":"%d"}`, i))
	}
	p.say(`{"cmd":0}`) // waits behind the messages
	close(s.echo.hold)
	acks := 0
	for {
		m := p.next()
		if m.Cmd == model.CmdHeart {
			break
		}
		acks++
	}
	if acks < 10 {
		t.Errorf("the heart came after %d acks: more than %d were in flight", acks, maxInFlight)
	}
}

func TestPanicClosesOneSocket(t *testing.T) {
	s := newChat(t, nil)
	p, bystander := s.talker("one"), s.talker("two")
	p.say(`{"cmd":10,"dstid":2,"content":"panic"}`)
	if code := p.closed(); code != 1011 {
		t.Errorf("closed with %d", code)
	}
	bystander.alive()
	if n := strings.Count(s.log.String(), "panic in a reader"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

// TestAGoroutineEach has sockets behave the same where each has a goroutine.
func TestAGoroutineEach(t *testing.T) {
	t.Setenv(goroutinesEach, "1")
	t.Run("frames", TestFramesThatHaveNoEffect)
	t.Run("size", TestFrameSize)
	t.Run("close codes", TestCloseCodes)
	t.Run("fragments", TestFragmentsInsideACharacter)
	t.Run("in flight", TestInFlightIsBounded)
	t.Run("panic", TestPanicClosesOneSocket)
}
