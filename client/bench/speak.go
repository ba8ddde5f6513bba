package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"hongyan/model"
)

// speaker is how one server is spoken to. A speaker belongs to one goroutine.
type speaker interface {
	// endpoint is how client i connects.
	endpoint(i int) endpoint
	// group and direct append a message to everybody and one to client to.
	group(dst, content []byte) []byte
	direct(dst []byte, to int, content []byte) []byte
	// read tells what a text is: deliver is called for each message in it.
	read(text []byte, deliver func(body)) heard
	// echoes tells whether who writes to the group hears it too.
	echoes() bool
	// greets tells whether the server says hello once a socket is attached.
	greets() bool
}

// heard is what a text was.
type heard struct {
	delivered int    // messages
	ack       bool   // of a message of one's own
	hello     bool   // the socket is attached
	fault     string // what went wrong, in the server's words
}

// plain is spoken by the limit ("g" and a text goes to everybody, "d", six hex
// digits and a text to the one client), and by the room, which sends whatever
// it is sent to everybody.
type plain struct {
	address string
	room    bool
}

func (p plain) endpoint(i int) endpoint {
	return endpoint{address: p.address, path: "/?id=" + strconv.Itoa(i)}
}

func (p plain) group(dst, content []byte) []byte {
	if !p.room {
		dst = append(dst, 'g')
	}
	return append(dst, content...)
}

func (p plain) direct(dst []byte, to int, content []byte) []byte {
	return append(appendHex(append(dst, 'd'), uint64(to), fromDigits), content...)
}

func (plain) echoes() bool { return true }

func (plain) greets() bool { return false }

func (plain) read(text []byte, deliver func(body)) (h heard) {
	h.delivered = bodies(text, deliver)
	h.ack = string(text) == storedAck
	return h
}

// bodies finds all of a text.
func bodies(text []byte, deliver func(body)) (n int) {
	for {
		b, rest, found := nextBody(text)
		if !found {
			return n
		}
		deliver(b)
		text = rest
		n++
	}
}

// hongyan speaks the protocol of /chat.
type hongyan struct {
	address  string
	tls      bool
	at       func(i int) string // the address of client i, where there are several
	accounts []Account
	groupID  int64
	prefix   string // of the numbers that clients give to messages
	sent     uint64
}

func (h *hongyan) endpoint(i int) endpoint {
	address := h.address
	if h.at != nil {
		address = h.at(i)
	}
	return endpoint{
		address: address, tls: h.tls, path: "/chat",
		header: "Authorization: Bearer " + h.accounts[i%len(h.accounts)].Token + "\r\n",
	}
}

func (h *hongyan) group(dst, content []byte) []byte {
	return h.message(dst, model.CmdRoom, h.groupID, content)
}

func (h *hongyan) direct(dst []byte, to int, content []byte) []byte {
	return h.message(dst, model.CmdSingle, h.accounts[to].ID, content)
}

// message is written by hand: the generator's own cost is part of what the
// machine has to do.
func (h *hongyan) message(dst []byte, cmd int, dstID int64, content []byte) []byte {
	h.sent++
	dst = strconv.AppendInt(append(dst, `{"cmd":`...), int64(cmd), 10)
	dst = strconv.AppendInt(append(dst, `,"dstid":`...), dstID, 10)
	dst = append(append(dst, `,"media":1,"content":"`...), content...)
	dst = append(append(dst, `","cid":"`...), h.prefix...)
	dst = strconv.AppendUint(dst, h.sent, 36)
	return append(dst, `"}`...)
}

func (*hongyan) echoes() bool { return false }

func (*hongyan) greets() bool { return true }

func (*hongyan) read(text []byte, deliver func(body)) (h heard) {
	if h.delivered = bodies(text, deliver); h.delivered > 0 {
		return h
	}
	if bytes.Contains(text, []byte(`"cmd":1,`)) {
		h.ack = true
		return h
	}
	var m model.Message
	if err := json.Unmarshal(text, &m); err != nil {
		h.fault = fmt.Sprintf("no message: %.100q", text)
		return h
	}
	switch m.Cmd {
	case model.CmdHello:
		h.hello = true
	case model.CmdError:
		h.fault = m.Error
	case model.CmdResync:
		h.fault = "resync"
	case model.CmdMove:
		h.fault = "move"
	}
	return h
}
