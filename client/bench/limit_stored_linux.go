package bench

// ledger is what the limit stores: all that one look at the sockets brought is
// one commit, and then its senders get an ack and its receivers the text, each
// socket with one write. So it is what a message costs at least that is
// acknowledged once it is durable: a row, an ack and a delivery.
type ledger struct {
	seqs  map[[2]int]int64 // by conversation
	rows  []Row
	sends []sending
	texts []byte         // of rows
	out   map[int][]byte // by descriptor
}

// sending is who hears of a row.
type sending struct{ from, to int }

// add takes a message of c for the client to, at the descriptor fd.
func (l *ledger) add(c *limited, to, fd int, text []byte) {
	if l.seqs == nil {
		l.seqs, l.out = map[[2]int]int64{}, map[int][]byte{}
	}
	conversation := [2]int{min(c.id, to), max(c.id, to)}
	l.seqs[conversation]++
	begin := len(l.texts)
	l.texts = append(l.texts, text...)
	l.rows = append(l.rows, Row{
		Conversation: int64(conversation[0])<<32 | int64(conversation[1]), Seq: l.seqs[conversation], Sender: int64(c.id),
		Text: l.texts[begin:len(l.texts):len(l.texts)],
	})
	l.sends = append(l.sends, sending{from: c.fd, to: fd})
}

// settle stores what has gathered and tells of it.
func (l *limit) settle() error {
	s := &l.ledger
	if len(s.rows) == 0 {
		return nil
	}
	if err := l.rows.Commit(s.rows); err != nil {
		return err
	}
	for i, send := range s.sends {
		s.out[send.from] = appendServerFrame(s.out[send.from], []byte(storedAck))
		s.out[send.to] = appendServerFrame(s.out[send.to], s.rows[i].Text)
	}
	for fd, b := range s.out {
		if len(b) > 0 {
			put(fd, b)
			s.out[fd] = b[:0]
		}
	}
	s.rows, s.sends, s.texts = s.rows[:0], s.sends[:0], s.texts[:0]
	return nil
}
