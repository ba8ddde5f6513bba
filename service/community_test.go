package service_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/db/dbtest"
	"hongyan/util/metrics"

	"xorm.io/xorm"
)

// The people of the groups' tests: the owner is everybody's friend, the others
// know nobody else.
const (
	owner  = 101
	admin  = 102
	second = 103 // another admin
	plain  = 104
	other  = 105 // another member
	friend = 106 // the owner's and plain's friend, in no group
	alien  = 107 // nobody's friend
)

// club is a database with those people and a CommunityService on it.
type club struct {
	*testing.T
	db        *db.DB
	out       *recorder
	groups    *service.CommunityService
	elsewhere *service.CommunityService // on another node of the same database
	messages  *service.MessageService
	now       time.Time
}

func onClub(t *testing.T, fn func(c *club)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := &club{T: t, db: d, out: &recorder{}, now: time.UnixMilli(1_800_000_000_000)}
		clock := func() time.Time { return c.now }
		node := func() *service.Committer {
			committer := service.NewCommitter(d, c.out, clock, metrics.New(), slog.New(slog.DiscardHandler))
			t.Cleanup(committer.Close)
			return committer
		}
		committer := node()
		c.groups = service.NewCommunityService(d, committer, c.out, clock)
		c.elsewhere = service.NewCommunityService(d, node(), c.out, clock)
		messages, err := service.NewMessageService(t.Context(), d, committer, c.out, clock, time.Minute, func() {})
		if err != nil {
			t.Fatal(err)
		}
		c.messages = messages
		c.seed()
		fn(c)
	})
}

func (c *club) seed() {
	c.Helper()
	c.exec(func(s *xorm.Session) error {
		for id := int64(owner); id <= alien; id++ {
			if _, err := s.Insert(&model.User{ID: id, Mobile: fmt.Sprint(100000 + id), Nickname: fmt.Sprintf("人 %d", id)}); err != nil {
				return err
			}
		}
		return nil
	})
	for id := int64(admin); id <= friend; id++ {
		c.befriend(owner, id)
	}
	c.befriend(plain, friend)
}

func (c *club) befriend(a, b int64) {
	c.Helper()
	c.exec(func(s *xorm.Session) error {
		_, err := s.Insert(&[]model.Contact{{UserID: a, DstID: b}, {UserID: b, DstID: a}})
		return err
	})
}

func (c *club) exec(fn func(s *xorm.Session) error) {
	c.Helper()
	if err := c.db.Tx(context.Background(), fn); err != nil {
		c.Fatal(err)
	}
}

// ok fails the test for an error that should not be.
func (c *club) ok(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// wants checks that err is want, with its key if want has one.
func (c *club) wants(what string, err error, want *model.Error) {
	c.Helper()
	if !errors.Is(err, want) {
		c.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// group makes a group with everybody but friend and alien in their roles.
func (c *club) group(join string) int64 {
	c.Helper()
	g, err := c.groups.Create(c.Context(), owner, service.NewGroup{Name: "登山队", Join: join, Members: []int64{admin, second, plain, other}})
	c.ok(err)
	for _, id := range []int64{admin, second} {
		c.ok(c.groups.SetRole(c.Context(), owner, g.ID, id, model.RoleAdmin))
	}
	return g.ID
}

// say puts a message into a group's timeline.
func (c *club) say(from, groupID int64, content string) {
	c.Helper()
	_, err := sendWait(c.Context(), c.messages, model.Sender{UserID: from},
		model.Message{Cmd: model.CmdRoom, DstID: groupID, Media: model.MediaText, Content: content})
	c.ok(err)
}

// seat gives a user's place in a group; nil if there is none.
func (c *club) seat(groupID, userID int64) *model.Member {
	c.Helper()
	var seats []model.Member
	c.exec(func(s *xorm.Session) error {
		return s.SQL(`SELECT m.* FROM member m JOIN conversation c ON c.id = m.conversationid
			WHERE c.kind = ? AND c.low = ? AND m.userid = ?`, model.KindRoom, groupID, userID).Find(&seats)
	})
	if len(seats) == 0 {
		return nil
	}
	return &seats[0]
}

// roles gives the roles of a group's members as one of them sees them.
func (c *club) roles(viewer, groupID int64) map[int64]string {
	c.Helper()
	list, err := c.groups.Members(c.Context(), viewer, groupID)
	c.ok(err)
	roles := map[int64]string{}
	for _, m := range list {
		roles[m.ID] = m.Role
	}
	return roles
}

// sound checks what must hold of a group at any time: one owner, the size kept,
// a timeline without a gap.
func (c *club) sound(groupID int64) {
	c.Helper()
	c.exec(func(s *xorm.Session) error {
		var g model.Community
		if _, err := s.ID(groupID).Get(&g); err != nil {
			return err
		}
		var line model.Conversation
		if _, err := s.Where("kind = 11 AND low = ?", groupID).Get(&line); err != nil {
			return err
		}
		var seats []model.Member
		if err := s.Where("conversationid = ?", line.ID).Find(&seats); err != nil {
			return err
		}
		if len(seats) != g.Size {
			c.Errorf("size %d, seats %d", g.Size, len(seats))
		}
		owners := 0
		for _, m := range seats {
			if m.Role == model.RoleOwner {
				owners++
				if m.UserID != g.OwnerID {
					c.Errorf("owner %d has the seat, %d the group", m.UserID, g.OwnerID)
				}
			}
		}
		if owners != 1 {
			c.Errorf("%d owners", owners)
		}
		var posts []model.Post
		if err := s.Where("conversationid = ?", line.ID).Asc("seq").Find(&posts); err != nil {
			return err
		}
		for i, p := range posts {
			if p.Seq != int64(i+1) {
				c.Errorf("place %d has seq %d", i+1, p.Seq)
			}
		}
		if line.Seq != int64(len(posts)) {
			c.Errorf("conversation at %d, %d rows", line.Seq, len(posts))
		}
		return nil
	})
}

// events gives the entries of deliveries: those of timelines and those without.
func events(list []model.Delivery) (sequenced, loose []model.Delivery) {
	for _, d := range list {
		if d.Message.Seq > 0 {
			sequenced = append(sequenced, d)
		} else {
			loose = append(loose, d)
		}
	}
	return sequenced, loose
}

// ext reads what an entry says.
func ext(t *testing.T, m model.Message) (e struct {
	Members []int64
	Names   map[string]string
	Name    *string
	Notice  *string
	Role    string
}) {
	t.Helper()
	if err := json.Unmarshal(m.Ext, &e); err != nil {
		t.Fatalf("%s: %v", m.Ext, err)
	}
	return e
}
