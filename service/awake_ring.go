package service

import (
	"context"
	"crypto/rand"
	"fmt"

	"hongyan/model"

	"xorm.io/xorm"
)

// maxRings bounds the calls that wait to be told of: a call that is told of late
// is of no use.
const maxRings = 256

// ring is a call that rings.
type ring struct {
	caller, callee int64
	video          bool
	still          func() bool // whether it still does
}

// Ring tells somebody who is not looking that they are called, at once and on
// all their devices and channels. It does not block, and what does not fit is
// dropped. still is asked later, from other goroutines.
func (a *AwakeService) Ring(caller, callee int64, video bool, still func() bool) {
	if !a.anyone.there() {
		return
	}
	select {
	case a.rings <- ring{caller, callee, video, still}:
	default:
	}
}

// tellRing is the part of Ring that takes its time.
func (a *AwakeService) tellRing(ctx context.Context, r ring) {
	if a.looking.At(r.callee) || !r.still() {
		return
	}
	find, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	var devices []model.PushSubscription
	var channels []model.NotifyChannel
	var totals map[int64]int64
	name := ""
	err := a.db.View(find, func(v *xorm.Session) (err error) {
		if err = v.Where("userid = ?", r.callee).Find(&devices); err != nil {
			return err
		}
		if err = v.Where("userid = ? AND enabled = ? AND confirmed = ?", r.callee, true, true).Find(&channels); err != nil {
			return err
		}
		if totals, err = unreadTotals(v, []int64{r.callee}, a.now.millis()); err != nil {
			return err
		}
		name, err = (&fullText{seat: &awaySeat{UserID: r.callee}}).name(v, r.caller)
		return err
	})
	if err != nil {
		a.log.Warn("nobody was told of a call", "error", err)
		return
	}
	notice := func(lang, origin string, content bool) model.Notice {
		n := model.Notice{
			ID: rand.Text(), Kind: model.KindSingle, DstID: r.caller, Count: 1, Total: totals[r.callee], Lang: lang, Origin: origin,
			Path: fmt.Sprintf("/c/%d-%d", model.KindSingle, r.caller), At: a.now.millis(),
			Title: a.words(lang, "push.call", nil), Text: a.words(lang, "push.call.voice", nil),
		}
		if r.video {
			n.Text = a.words(lang, "push.call.video", nil)
		}
		if content && name != "" {
			n.Title = name
		}
		return n
	}
	for _, device := range devices {
		n := notice(device.Lang, device.Origin, device.Content)
		a.ringAt(ctx, r, errand{
			target: deviceName(device.ID),
			deliver: a.unlessGone(&device, func(ctx context.Context) error {
				return a.pusher.Push(ctx, &device, &n, fmt.Sprintf("c%d-%d", n.Kind, n.DstID))
			}),
			settle: func(ctx context.Context, err error) {
				if err != nil || device.Failures > 0 {
					a.pushed(ctx, device.ID, err)
				}
			},
		})
	}
	for _, channel := range channels {
		notifier := a.notifiers[channel.Kind]
		if notifier == nil || quiet(&channel, a.now()) {
			continue
		}
		n := notice(channel.Lang, channel.Origin, channel.Content)
		a.ringAt(ctx, r, errand{
			target:  channelName(channel.ID),
			deliver: a.unlessGone(&channel, func(ctx context.Context) error { return notifier.Notify(ctx, &channel, &n) }),
			settle:  func(ctx context.Context, err error) { a.notified(ctx, channel.ID, err) },
		})
	}
}

// ringAt sends one notice of a call. What is told of the conversation later, the
// missed call itself, takes its place.
func (a *AwakeService) ringAt(ctx context.Context, r ring, e errand) {
	e.talk, e.userID = pairOf(model.KindSingle, r.callee, r.caller), r.callee
	e.wanted = func(context.Context) bool { return r.still() }
	if !a.courier.send(ctx, e) {
		a.log.Warn("a notice was dropped: too many wait", "target", e.target)
	}
}
