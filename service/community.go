package service

import (
	"context"
	"slices"
	"strings"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// CommunityService holds the rules of groups: who gets in, who may do what to
// whom, and what the timeline tells of it. Every change of a group is one op of
// the committer, so that the change and its entry in the timeline are one
// commit and sockets enter and leave the fan-out in that order.
type CommunityService struct {
	db        *db.DB
	committer *Committer
	presence  Presence
	now       Clock
}

// NewCommunityService makes the service.
func NewCommunityService(d *db.DB, c *Committer, presence Presence, now Clock) *CommunityService {
	return &CommunityService{db: d, committer: c, presence: presence, now: now}
}

// What asking for a place in a group leads to.
const (
	JoinedGroup    = "member"
	RequestedGroup = "requested"
)

// MaxCate is the highest category of a group.
const MaxCate = 4

// NewGroup describes a group to be made. Join is open if empty; Members are
// friends of the creator.
type NewGroup struct {
	Name    string
	Icon    string
	Cate    int
	Memo    string
	Join    string
	Members []int64
}

// Create makes a group with its creator as the owner and the creator's friends
// in it, or nothing if one of them is no friend.
func (s *CommunityService) Create(ctx context.Context, userID int64, in NewGroup) (*model.Community, error) {
	row := model.Community{
		Name: strings.TrimSpace(in.Name), Icon: in.Icon, Cate: in.Cate, Memo: in.Memo, OwnerID: userID, Join: in.Join,
	}
	if row.Join == "" {
		row.Join = model.JoinOpen
	}
	if err := validGroup(&row); err != nil {
		return nil, err
	}
	friends := others(in.Members, userID)
	row.Size = 1 + len(friends)
	if row.Size > model.MaxGroupSize {
		return nil, &model.Error{Code: model.CodeConflict, Key: "members"}
	}
	var made model.Community
	err := s.committer.Do(ctx, func(tx *Tx) error {
		if err := mayOwn(tx, userID); err != nil {
			return err
		}
		if err := wantFriends(tx.Session, userID, friends); err != nil {
			return err
		}
		made = row
		made.CreateAt = tx.Now()
		return found(tx, &made, friends)
	})
	if err != nil {
		return nil, err
	}
	made.Role = model.RoleOwner
	return &made, nil
}

// found writes the rows of a new group and tells everybody in it. The first
// thing in its timeline will be the first message.
func found(tx *Tx, row *model.Community, friends []int64) error {
	if _, err := tx.Insert(row); err != nil {
		return err
	}
	line, err := tx.Open(model.KindRoom, row.OwnerID, row.ID)
	if err != nil {
		return err
	}
	if err := takeSeats(tx, line, []int64{row.OwnerID}, model.RoleOwner); err != nil {
		return err
	}
	if err := takeSeats(tx, line, friends, model.RoleMember); err != nil {
		return err
	}
	tx.Publish(model.Delivery{
		Message:   model.Message{Cmd: model.CmdEvent, Content: model.EventGroupJoined, UserID: row.OwnerID, DstID: row.ID, At: tx.Now()},
		Group:     row.ID,
		Subscribe: append([]int64{row.OwnerID}, friends...),
	})
	return nil
}

// mayOwn checks that a user may own one group more. The user's row is locked,
// so that the last free place is not given twice.
func mayOwn(tx *Tx, userID int64) error {
	var id int64
	if _, err := tx.SQL("SELECT id FROM user WHERE id = ?"+tx.db.ForUpdate(), userID).Get(&id); err != nil {
		return err
	}
	n, err := tx.Where("ownerid = ?", userID).Count(new(model.Community))
	if err == nil && n >= model.MaxGroupsOwned {
		return &model.Error{Code: model.CodeConflict, Key: "groups"}
	}
	return err
}

// validGroup checks what people may write into a group.
func validGroup(g *model.Community) error {
	switch {
	case !model.ValidName(g.Name, model.MaxGroupName):
		return model.Invalid("name")
	case !model.ValidLink(g.Icon):
		return model.Invalid("icon")
	case g.Cate < 0 || g.Cate > MaxCate:
		return model.Invalid("cate")
	case !model.ValidMemo(g.Memo, model.MaxGroupMemo):
		return model.Invalid("memo")
	case g.Join != model.JoinOpen && g.Join != model.JoinApproval && g.Join != model.JoinInvite:
		return model.Invalid("join")
	case !model.ValidMemo(g.Notice, model.MaxGroupNotice):
		return model.Invalid("notice")
	}
	return nil
}

// others gives the distinct ids of a list without one's own, sorted.
func others(ids []int64, userID int64) []int64 {
	list := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return id == userID })
	slices.Sort(list)
	return slices.Compact(list)
}

// wantFriends fails unless all of ids have userID among their friends and none
// of them has blocked userID. Which of the two it was is nobody's business.
func wantFriends(s *xorm.Session, userID int64, ids []int64) error {
	for part := range slices.Chunk(ids, chunk) {
		n, err := s.Where("dstid = ?", userID).In("userid", part).Count(new(model.Contact))
		if err != nil {
			return err
		}
		blocks, err := s.Where("dstid = ?", userID).In("userid", part).Count(new(model.Block))
		if err != nil {
			return err
		}
		if n != int64(len(part)) || blocks > 0 {
			return &model.Error{Code: model.CodeNotFriend, Key: "members"}
		}
	}
	return nil
}
