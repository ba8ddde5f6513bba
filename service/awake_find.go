package service

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strconv"
	"time"

	"hongyan/model"

	"xorm.io/xorm"
)

// findTime bounds the search for those whom a message is for.
const findTime = 20 * time.Second

// awaySeat is somebody who has not read what there is in a conversation.
type awaySeat struct {
	ConversationID int64 `xorm:"'conversationid'"`
	UserID         int64 `xorm:"'userid'"`
	PeerID         int64 `xorm:"'peerid'"`
	ReadSeq        int64 `xorm:"'readseq'"`
	MentionSeq     int64 `xorm:"'mentionseq'"`
	Muted          bool
	SilentTill     int64 `xorm:"'silenttill'"`
	Unread         int64

	talk pair
	post posted // the newest message that is not the user's own
}

// wakeable is the condition that a user has something to be told by.
const wakeable = `(EXISTS (SELECT 1 FROM push_subscription p WHERE p.userid = m.userid)
	OR EXISTS (SELECT 1 FROM notify_channel n WHERE n.userid = m.userid AND n.enabled AND n.confirmed))`

// seatsAway finds who in a conversation has not read what is before seq; only
// one user if userID is given.
func seatsAway(v *xorm.Session, talk pair, seq, userID int64) (seats []awaySeat, err error) {
	query := `SELECT m.conversationid, m.userid, m.peerid, m.readseq, m.mentionseq, m.muted, m.silenttill, c.posts - m.readposts - m.own AS unread
		FROM member m JOIN conversation c ON c.id = m.conversationid
		WHERE c.kind = ? AND c.low = ? AND c.high = ? AND m.readseq < ?`
	args := []any{talk.kind, talk.low, talk.high, seq}
	if userID != 0 {
		query, args = query+" AND m.userid = ?", append(args, userID)
	}
	return seats, v.SQL(query+" AND "+wakeable, args...).Find(&seats)
}

// tell tells those who have not read posts of a conversation; one user, or one
// of that user's targets, if only says so.
func (a *AwakeService) tell(ctx context.Context, talk pair, posts []posted, only laterKey) {
	find, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	var seats []awaySeat
	err := a.db.View(find, func(v *xorm.Session) (err error) {
		seats, err = seatsAway(v, talk, posts[len(posts)-1].seq, only.userID)
		return err
	})
	now := a.now.millis()
	var away []awaySeat
	for _, seat := range seats {
		seat.talk = talk
		if seat.Unread <= 0 || !newestOf(posts, &seat, seat.Muted || seat.SilentTill > now) {
			continue
		}
		if a.looking.At(seat.UserID) {
			a.again(laterKey{talk, seat.UserID, only.target}, seat.post, time.Now().Add(a.pace.Again))
			continue
		}
		away = append(away, seat)
	}
	for part := range slices.Chunk(away, chunk) {
		if err == nil {
			err = a.wake(ctx, find, part, only.target)
		}
	}
	if err != nil && ctx.Err() == nil {
		a.log.Warn("people away were not told", "error", err)
	}
}

// newestOf sets a seat's post to the newest that others wrote and that is not
// read; in a silent conversation to the one that calls the seat's user.
func newestOf(posts []posted, seat *awaySeat, silent bool) bool {
	for _, p := range slices.Backward(posts) {
		if p.seq <= seat.ReadSeq {
			return false
		}
		if p.sender != seat.UserID && (!silent || p.seq == seat.MentionSeq) {
			seat.post = p
			return true
		}
	}
	return false
}

// wake sends to the devices and channels of people what there is for them.
func (a *AwakeService) wake(ctx, find context.Context, seats []awaySeat, only string) error {
	ids := make([]int64, len(seats))
	for i := range seats {
		ids[i] = seats[i].UserID
	}
	var devices []model.PushSubscription
	var channels []model.NotifyChannel
	var totals map[int64]int64
	err := a.db.View(find, func(v *xorm.Session) (err error) {
		if err = v.In("userid", ids).Find(&devices); err != nil {
			return err
		}
		if err = v.In("userid", ids).And("enabled = ? AND confirmed = ?", true, true).Find(&channels); err != nil {
			return err
		}
		totals, err = unreadTotals(v, ids, a.now.millis())
		return err
	})
	if err != nil {
		return err
	}
	for i := range seats {
		seat := &seats[i]
		full := &fullText{service: a, seat: seat}
		for _, device := range devices {
			if device.UserID == seat.UserID && (only == "" || only == deviceName(device.ID)) {
				a.push(ctx, find, seat, &device, totals[seat.UserID], full)
			}
		}
		for _, channel := range channels {
			if channel.UserID == seat.UserID && (only == "" || only == channelName(channel.ID)) && !quiet(&channel, a.now()) {
				a.notify(ctx, find, seat, &channel, totals[seat.UserID], full)
			}
		}
	}
	return nil
}

func deviceName(id int64) string  { return "device " + strconv.FormatInt(id, 10) }
func channelName(id int64) string { return "channel " + strconv.FormatInt(id, 10) }

// unreadTotals counts what users have not read, without what they muted.
func unreadTotals(v *xorm.Session, ids []int64, now int64) (map[int64]int64, error) {
	var rows []struct {
		UserID int64 `xorm:"'userid'"`
		Unread int64
	}
	err := v.Table("member").Alias("m").Join("INNER", "conversation c", "c.id = m.conversationid").
		Select("m.userid, SUM(CASE WHEN c.posts > m.readposts + m.own THEN c.posts - m.readposts - m.own ELSE 0 END) AS unread").
		In("m.userid", ids).And("m.muted = ? AND m.silenttill <= ?", false, now).GroupBy("m.userid").Find(&rows)
	totals := make(map[int64]int64, len(rows))
	for _, row := range rows {
		totals[row.UserID] = row.Unread
	}
	return totals, err
}

// mayTell keeps the pace of a target: false, with another look later, if it was
// told of the conversation just now.
func (a *AwakeService) mayTell(seat *awaySeat, target string, pace time.Duration) bool {
	now, key := time.Now(), toldKey{seat.talk, target}
	if at, told := a.told[key]; told && now.Sub(at) < pace {
		a.again(laterKey{seat.talk, seat.UserID, target}, seat.post, at.Add(pace))
		return false
	}
	a.told[key] = now
	return true
}

func (a *AwakeService) push(ctx, find context.Context, seat *awaySeat, device *model.PushSubscription, total int64, full *fullText) {
	if !a.mayTell(seat, deviceName(device.ID), a.pace.Push) {
		return
	}
	n := a.notice(find, seat, total, device.Lang, device.Origin, device.Content, full)
	topic := fmt.Sprintf("c%d-%d", n.Kind, n.DstID)
	a.carry(ctx, seat, errand{
		target:  deviceName(device.ID),
		deliver: a.unlessGone(device, func(ctx context.Context) error { return a.pusher.Push(ctx, device, &n, topic) }),
		settle: func(ctx context.Context, err error) {
			if err != nil || device.Failures > 0 { // a success that changes nothing needs no write
				a.pushed(ctx, device.ID, err)
			}
		},
	})
}

func (a *AwakeService) notify(ctx, find context.Context, seat *awaySeat, channel *model.NotifyChannel, total int64, full *fullText) {
	notifier := a.notifiers[channel.Kind]
	if notifier == nil || !a.mayTell(seat, channelName(channel.ID), a.pace.Channel) {
		return
	}
	n := a.notice(find, seat, total, channel.Lang, channel.Origin, channel.Content, full)
	a.carry(ctx, seat, errand{
		target:  channelName(channel.ID),
		gap:     a.pace.Gap,
		deliver: a.unlessGone(channel, func(ctx context.Context) error { return notifier.Notify(ctx, channel, &n) }),
		settle:  func(ctx context.Context, err error) { a.notified(ctx, channel.ID, err) },
	})
}

// unlessGone looks before each attempt whether the target still is what it was:
// a notice may wait for minutes, and a device that was signed out meanwhile, or
// an address that was taken back, is told nothing any more.
func (a *AwakeService) unlessGone(target any, deliver func(ctx context.Context) error) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		find, cancel := context.WithTimeout(ctx, findTime)
		defer cancel()
		there := false
		err := a.db.View(find, func(v *xorm.Session) (err error) {
			switch t := target.(type) {
			case *model.PushSubscription:
				there, err = v.Where("id = ? AND userid = ?", t.ID, t.UserID).Exist(new(model.PushSubscription))
			case *model.NotifyChannel:
				there, err = v.Where("id = ? AND enabled = ? AND confirmed = ? AND address = ?", t.ID, true, true, t.Address).Exist(new(model.NotifyChannel))
			}
			return err
		})
		switch {
		case err != nil:
			return &model.NotifyError{Reason: "internal"}
		case !there:
			return nil
		}
		return deliver(ctx)
	}
}

func (a *AwakeService) carry(ctx context.Context, seat *awaySeat, e errand) {
	e.talk, e.userID = seat.talk, seat.UserID
	e.wanted = func(ctx context.Context) bool { return a.unread(ctx, seat) }
	if !a.courier.send(ctx, e) {
		a.log.Warn("a notice was dropped: too many wait", "target", e.target)
	}
}

// unread tells whether a seat's post still is not read.
func (a *AwakeService) unread(ctx context.Context, seat *awaySeat) (is bool) {
	ctx, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	err := a.db.View(ctx, func(v *xorm.Session) (err error) {
		is, err = v.Table("member").Where("conversationid = ? AND userid = ? AND readseq < ?", seat.ConversationID, seat.UserID, seat.post.seq).Exist()
		return err
	})
	return is || err != nil
}

// notice writes what a target is told of a seat.
func (a *AwakeService) notice(ctx context.Context, seat *awaySeat, total int64, lang, origin string, content bool, full *fullText) model.Notice {
	n := model.Notice{
		ID: rand.Text(), Kind: seat.talk.kind, DstID: seat.PeerID, Seq: seat.post.seq, Count: seat.Unread, Total: total,
		Lang: lang, Origin: origin, At: a.now.millis(),
		Title: a.words(lang, "push.title", nil), Text: a.counted(lang, "push.count", seat.Unread),
	}
	if n.Kind == model.KindRoom {
		n.DstID = seat.talk.low
	}
	n.Path = fmt.Sprintf("/c/%d-%d", n.Kind, n.DstID)
	if content {
		full.into(ctx, &n)
	}
	return n
}

// testNotice is what a test sends.
func (a *AwakeService) testNotice(lang, origin, path string) model.Notice {
	return model.Notice{
		ID: rand.Text(), Title: a.words(lang, "push.title", nil), Text: a.words(lang, "push.test", nil), Path: path,
		Lang: lang, Origin: origin, At: a.now.millis(), Test: true,
	}
}

// counted is a sentence with a number in it.
func (a *AwakeService) counted(lang, key string, n int64) string {
	if one := key + ".one"; n == 1 {
		if text := a.words(lang, one, nil); text != one {
			return text
		}
	}
	return a.words(lang, key, map[string]any{"Count": n})
}

// quiet tells whether a channel is in its quiet hours.
func quiet(c *model.NotifyChannel, now time.Time) bool {
	if c.QuietFrom == c.QuietTo {
		return false
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		zone = time.UTC
	}
	now = now.In(zone)
	minute := now.Hour()*60 + now.Minute()
	if c.QuietFrom < c.QuietTo {
		return minute >= c.QuietFrom && minute < c.QuietTo
	}
	return minute >= c.QuietFrom || minute < c.QuietTo
}
