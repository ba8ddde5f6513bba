package service

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/limit"

	"xorm.io/xorm"
)

// Bounds of the channels of one user, and of their fields.
const (
	maxChannels    = 10
	maxChannelName = 32
	maxSecret      = 200
	dayMinutes     = 24 * 60
)

// A mail address is confirmed by a code: for how long, in how many tries, and
// how often one is sent to an address or for a user.
const (
	codeLife  = 15 * time.Minute
	codeTries = 5
	codeEvery = 10 * time.Minute
	codeBurst = 4
)

// NotifyService keeps the channels through which users are told while away.
type NotifyService struct {
	db        *db.DB
	awake     *AwakeService
	notifiers map[string]Notifier
	now       Clock
	codes     *limit.Limiter
}

// NewNotifyService makes the service; notifiers are the kinds that there are.
func NewNotifyService(d *db.DB, awake *AwakeService, notifiers map[string]Notifier, now Clock) *NotifyService {
	return &NotifyService{db: d, awake: awake, notifiers: notifiers, now: now, codes: limit.New(limit.Every(codeEvery), codeBurst, 10_000)}
}

// ChannelChange is what a user says of a channel; what is nil stays, or is the
// default in a new one, whose ID is 0.
type ChannelChange struct {
	ID                 int64
	Kind               string
	Name, Address      *string
	Secret, Zone       *string
	Content, Enabled   *bool
	QuietFrom, QuietTo *int
	Lang, Origin       string
}

// Kinds lists the kinds of channels that this site has.
func (s *NotifyService) Kinds() []string {
	var kinds []string
	for _, kind := range []string{model.ChannelNtfy, model.ChannelBark, model.ChannelWeCom, model.ChannelDingTalk, model.ChannelFeishu, model.ChannelMail, model.ChannelWebhook} {
		if s.notifiers[kind] != nil {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// List gives a user's channels, with as little of their secrets as tells them apart.
func (s *NotifyService) List(ctx context.Context, userID int64) ([]model.NotifyChannel, error) {
	list := []model.NotifyChannel{}
	err := s.db.View(ctx, func(v *xorm.Session) error { return v.Where("userid = ?", userID).Asc("id").Find(&list) })
	for i := range list {
		show(&list[i])
	}
	return list, err
}

// show fills in what may be seen of a channel's address and secret.
func show(c *model.NotifyChannel) {
	c.HasSecret = c.Secret != ""
	if c.Kind == model.ChannelMail {
		c.Shown = c.Address
		return
	}
	u, err := url.Parse(c.Address)
	if err != nil {
		return
	}
	rest := []rune(strings.TrimPrefix(c.Address, u.Scheme+"://"+u.Host))
	c.Shown = u.Scheme + "://" + u.Host + "/…" + string(rest[max(len(rest)-4, 0):])
}

// Set makes or changes a channel. The secret of a new webhook that brings none
// is made here and given back, this once. A mail address gets a code, and no
// more than that until Confirm.
func (s *NotifyService) Set(ctx context.Context, userID int64, change ChannelChange) (channel *model.NotifyChannel, made string, err error) {
	c := &model.NotifyChannel{UserID: userID, Kind: change.Kind, Enabled: true, Confirmed: true, CreateAt: s.now.millis()}
	if change.ID != 0 {
		if c, err = s.own(ctx, userID, change.ID); err != nil {
			return nil, "", err
		}
	} else if c.Kind == model.ChannelWebhook && (change.Secret == nil || *change.Secret == "") {
		made = newSecret()
		change.Secret = &made
	}
	before := c.Address
	if err := s.apply(c, change); err != nil {
		return nil, "", err
	}
	code := ""
	if c.Kind == model.ChannelMail && c.Address != before {
		if code, err = s.newCode(c); err != nil {
			return nil, "", err
		}
	}
	if err := s.save(ctx, c); err != nil {
		return nil, "", err
	}
	if code != "" {
		err = s.sendCode(ctx, c, code)
	} else {
		s.awake.Wake()
	}
	show(c)
	return c, made, err
}

// apply puts a change into a channel, and checks what comes of it.
func (s *NotifyService) apply(c *model.NotifyChannel, change ChannelChange) error {
	notifier := s.notifiers[c.Kind]
	if notifier == nil {
		return model.Invalid("kind")
	}
	set := func(field *string, value *string) {
		if value != nil {
			*field = strings.TrimSpace(*value)
		}
	}
	set(&c.Name, change.Name)
	set(&c.Address, change.Address)
	set(&c.Secret, change.Secret)
	set(&c.Zone, change.Zone)
	if change.Content != nil {
		c.Content = *change.Content
	}
	if change.Enabled != nil {
		if *change.Enabled && !c.Enabled {
			c.Failures, c.LastError = 0, ""
		}
		c.Enabled = *change.Enabled
	}
	if change.QuietFrom != nil {
		c.QuietFrom = *change.QuietFrom
	}
	if change.QuietTo != nil {
		c.QuietTo = *change.QuietTo
	}
	if change.Lang != "" {
		c.Lang = change.Lang
	}
	if origin := knownOrigin(change.Origin); origin != "" {
		c.Origin = origin
	}
	switch _, err := time.LoadLocation(c.Zone); {
	case err != nil || len(c.Zone) > 64:
		return model.Invalid("zone")
	case c.QuietFrom < 0 || c.QuietFrom >= dayMinutes:
		return model.Invalid("quietfrom")
	case c.QuietTo < 0 || c.QuietTo >= dayMinutes:
		return model.Invalid("quietto")
	case c.Name != "" && !model.ValidName(c.Name, maxChannelName):
		return model.Invalid("name")
	case len(c.Secret) > maxSecret || strings.ContainsAny(c.Secret, "\r\n\x00"):
		return model.Invalid("secret")
	case c.Address == "" || len(c.Address) > model.MaxURL:
		return model.Invalid("address")
	}
	return notifier.Check(c.Address, c.Secret)
}

// own finds a user's channel; somebody else's answers like none.
func (s *NotifyService) own(ctx context.Context, userID, id int64) (*model.NotifyChannel, error) {
	c := new(model.NotifyChannel)
	err := s.db.View(ctx, func(v *xorm.Session) error {
		found, err := v.Where("id = ? AND userid = ?", id, userID).Get(c)
		if err == nil && !found {
			err = model.Fail(model.CodeNotFound)
		}
		return err
	})
	return c, err
}

func (s *NotifyService) save(ctx context.Context, c *model.NotifyChannel) error {
	return s.db.Tx(ctx, func(tx *xorm.Session) error {
		if c.ID != 0 {
			n, err := tx.ID(c.ID).And("userid = ?", c.UserID).AllCols().Update(c)
			if err == nil && n == 0 {
				err = model.Fail(model.CodeNotFound)
			}
			return err
		}
		var id int64 // held, so that two calls do not both find room
		if _, err := tx.SQL("SELECT id FROM user WHERE id = ?"+s.db.ForUpdate(), c.UserID).Get(&id); err != nil {
			return err
		}
		n, err := tx.Where("userid = ?", c.UserID).Count(new(model.NotifyChannel))
		if err != nil {
			return err
		}
		if n >= maxChannels {
			return model.TooLarge("channels")
		}
		row := *c // the transaction may run again
		_, err = tx.Insert(&row)
		c.ID = row.ID
		return err
	})
}

// Delete removes a channel.
func (s *NotifyService) Delete(ctx context.Context, userID, id int64) error {
	return s.db.Tx(ctx, func(tx *xorm.Session) error {
		n, err := tx.Where("id = ? AND userid = ?", id, userID).Delete(new(model.NotifyChannel))
		if err == nil && n == 0 {
			err = model.Fail(model.CodeNotFound)
		}
		return err
	})
}

// Test sends a notice through a channel and tells how that went: *Undelivered
// with the reason if it did not arrive.
func (s *NotifyService) Test(ctx context.Context, userID, id int64) error {
	c, err := s.own(ctx, userID, id)
	if err != nil {
		return err
	}
	notifier := s.notifiers[c.Kind]
	switch {
	case !c.Confirmed:
		return &model.Error{Code: model.CodeConflict, Key: "unconfirmed"}
	case notifier == nil:
		return &Undelivered{Reason: "kind"}
	}
	n := s.awake.testNotice(c.Lang, c.Origin, "/me/notify")
	err = notifier.Notify(ctx, c, &n)
	s.awake.notified(ctx, c.ID, err)
	return undelivered(err)
}

// newCode gives a channel's address a code to be confirmed with.
func (s *NotifyService) newCode(c *model.NotifyChannel) (string, error) {
	for _, key := range []string{fmt.Sprint("user ", c.UserID), "address " + strings.ToLower(c.Address)} {
		if ok, after := s.codes.Allow(key); !ok {
			return "", &model.Error{Code: model.CodeRateLimited, RetryAfter: after}
		}
	}
	number, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	code := fmt.Sprintf("%06d", number)
	c.Confirmed, c.Code, c.CodeTries, c.CodeUntil = false, secretHash(code), 0, s.now().Add(codeLife).UnixMilli()
	return code, nil
}

func (s *NotifyService) sendCode(ctx context.Context, c *model.NotifyChannel, code string) error {
	n := model.Notice{Title: s.awake.words(c.Lang, "notify.code.title", nil), Lang: c.Lang, At: s.now.millis(), Test: true,
		Text: s.awake.words(c.Lang, "notify.code.text", map[string]any{"Code": code, "Minutes": int(codeLife.Minutes())})}
	if err := s.notifiers[c.Kind].Notify(ctx, c, &n); err != nil {
		s.awake.notified(ctx, c.ID, err)
		c.LastError = reasonOf(err)
	}
	return nil
}

// Confirm takes the code that was sent to a channel's address; without one, it
// sends another.
func (s *NotifyService) Confirm(ctx context.Context, userID, id int64, code string) error {
	c, err := s.own(ctx, userID, id)
	if err != nil || c.Confirmed {
		return err
	}
	if code == "" {
		fresh, err := s.newCode(c)
		if err == nil {
			err = s.save(ctx, c)
		}
		if err != nil {
			return err
		}
		return s.sendCode(ctx, c, fresh)
	}
	right := false
	err = s.db.Tx(ctx, func(tx *xorm.Session) error {
		// The try is counted before it is judged, so that many at once are many.
		n, err := tx.Where("id = ? AND codetries < ? AND codeuntil > ?", c.ID, codeTries, s.now.millis()).Incr("codetries").Update(new(model.NotifyChannel))
		if err != nil || n == 0 {
			right = false
			return err
		}
		n, err = tx.Table("notify_channel").Where("id = ? AND code = ?", c.ID, secretHash(code)).Update(map[string]any{"confirmed": true, "code": "", "lasterror": ""})
		right = n == 1
		return err
	})
	if err == nil && !right {
		err = model.Invalid("code")
	}
	if err == nil {
		s.awake.Wake()
	}
	return err
}
