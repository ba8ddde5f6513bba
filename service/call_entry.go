package service

import (
	"context"
	"encoding/json"

	"hongyan/model"
)

// callMemo is what a client that does not know calls shows of one.
func callMemo(video bool) string {
	if video {
		return "[视频通话]"
	}
	return "[语音通话]"
}

// callWord names the sentence that says to the callee what became of a call.
func callWord(entry *model.CallEntry) string {
	switch entry.Result {
	case model.CallMissed, model.CallCancelled, model.CallBusy:
		return "call.entry.missed.other"
	}
	return entry.Word()
}

// write leaves the entry of a call that has ended in the timeline of the two,
// for who holds mu: an outcome that the store does not take is lost, and logged.
func (s *CallService) write(c *call, result string, seconds int64) {
	s.metrics.CallEnds.WithLabelValues(result).Inc()
	ext, err := json.Marshal(map[string]model.CallEntry{"call": {Video: c.video, Result: result}})
	if err != nil {
		panic(err) // a truth and a text always encode
	}
	entry := model.Message{
		Cmd: model.CmdSingle, Kind: model.KindSingle, UserID: c.caller.userID, DstID: c.callee.userID,
		Media: model.MediaUser, Memo: callMemo(c.video), Amount: seconds, Ext: ext,
	}
	seen := result == model.CallAnswered || result == model.CallDeclined || result == model.CallFailed
	s.entries.Add(1)
	go s.guard(func() {
		defer s.entries.Done()
		ctx, cancel := context.WithTimeout(context.Background(), entryTime)
		defer cancel()
		if err := s.store(ctx, entry, seen); err != nil {
			s.log.Warn("no entry of a call", "caller", entry.UserID, "callee", entry.DstID, "result", result, "error", err)
		}
	})
}

// appendCall stores the entry of a call. What the callee has seen, having
// answered or declined, is no news: unless older messages wait to be read, it is
// read too.
func (s *MessageService) appendCall(ctx context.Context, entry model.Message, seen bool) error {
	return s.committer.doOn(ctx, pairOf(entry.Kind, entry.UserID, entry.DstID), func(tx *Tx) error {
		m := entry
		c, err := tx.Open(m.Kind, m.UserID, m.DstID)
		if err != nil {
			return err
		}
		if _, err := tx.Append(c, &m); err != nil {
			return err
		}
		tx.Publish(delivery(model.Sender{}, m, nil))
		if !seen {
			return nil
		}
		_, seat, err := tx.seat(m.Kind, m.DstID, m.UserID)
		if err != nil || c.Posts-1-seat.ReadPosts-seat.Own > 0 {
			return err
		}
		_, err = s.reader(model.Sender{})(tx, model.Message{Cmd: model.CmdRead, Kind: m.Kind, UserID: m.DstID, DstID: m.UserID, Seq: m.Seq})
		return err
	})
}
