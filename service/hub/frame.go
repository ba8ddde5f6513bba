package hub

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"hongyan/model"
)

// Opcodes of RFC 6455, with the bit that says "nothing follows".
const (
	opText  = 0x81
	opClose = 0x88
	opPing  = 0x89
	opPong  = 0x8a

	maxHeader  = 10  // of a frame without a mask
	maxControl = 125 // bytes a control frame may carry
)

// Frame is a message as it goes out: encoded once, shared by all the sockets it
// is for and never changed.
type Frame struct {
	data      []byte // header and payload
	ephemeral bool
	cmd, kind int
	userID    int64
	dstID     int64
}

// newFrame encodes m as a text frame.
func newFrame(m *model.Message, ephemeral bool) (*Frame, error) {
	payload, err := encode(m)
	if err != nil {
		return nil, fmt.Errorf("encode cmd %d: %w", m.Cmd, err)
	}
	return textFrame(m, payload, ephemeral), nil
}

// textFrame makes the frame of m out of the JSON that it was encoded to.
func textFrame(m *model.Message, payload []byte, ephemeral bool) *Frame {
	f := &Frame{ephemeral: ephemeral, cmd: m.Cmd, kind: m.Kind, userID: m.UserID, dstID: m.DstID}
	if m.IsPost() && f.kind == 0 {
		f.kind = m.Cmd
	}
	f.data = append(header(opText, len(payload)), payload...)
	return f
}

// encode gives the JSON of m. Angle brackets stay as they are: frames are data,
// and whoever puts them into a page has to escape them there anyway.
func encode(m *model.Message) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(256 + len(m.Content) + len(m.Ext))
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// header makes the head of a frame without a mask, with room for its payload.
func header(op byte, size int) []byte {
	h := append(make([]byte, 0, maxHeader+size), op)
	switch {
	case size < 126:
		return append(h, byte(size))
	case size < 1<<16:
		return binary.BigEndian.AppendUint16(append(h, 126), uint16(size))
	default:
		return binary.BigEndian.AppendUint64(append(h, 127), uint64(size))
	}
}

// controlFrame makes a ping or a pong; what is too long for one is cut.
func controlFrame(op byte, payload []byte) *Frame {
	payload = payload[:min(len(payload), maxControl)]
	return &Frame{data: append(header(op, len(payload)), payload...), ephemeral: true}
}

// closeFrame says goodbye with a code. A code that must not be sent becomes an
// empty frame.
func closeFrame(code int, reason string) *Frame {
	var payload []byte
	if code >= 1000 && code < 5000 && code != 1005 && code != 1006 && code != 1015 {
		text := strings.ToValidUTF8(reason[:min(len(reason), maxControl-2)], "")
		payload = append(binary.BigEndian.AppendUint16(nil, uint16(code)), text...)
	}
	return &Frame{data: append(header(opClose, len(payload)), payload...)}
}

// conversation names a timeline as one user sees it. The zero value stands for
// all of them.
type conversation struct {
	kind  int
	dstID int64
}

// conversation tells where userID misses something if f is not delivered.
func (f *Frame) conversation(userID int64) conversation {
	switch {
	case f.kind == model.KindNotice:
		return conversation{kind: f.kind}
	case f.kind != model.KindSingle && f.kind != model.KindRoom, f.dstID == 0:
		return conversation{}
	case f.kind == model.KindSingle && f.userID != userID && f.userID != 0:
		return conversation{f.kind, f.userID}
	default:
		return conversation{f.kind, f.dstID}
	}
}

// resyncFrame tells a client to read a conversation again from the store.
func resyncFrame(c conversation) *Frame {
	m := model.Message{Cmd: model.CmdResync, Kind: c.kind, DstID: c.dstID}
	f, err := newFrame(&m, false)
	if err != nil {
		panic(err) // three numbers always encode
	}
	return f
}

// isEphemeral tells which commands are worth nothing when they come late.
func isEphemeral(cmd int) bool {
	switch cmd {
	case model.CmdHeart, model.CmdTyping, model.CmdPresence, model.CmdLive:
		return true
	}
	return false
}
