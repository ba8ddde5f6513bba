package service

import (
	"context"
	"slices"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// maxPending is how many friend requests a list shows, the newest ones.
const maxPending = 500

// GroupJudge answers the requests for a place in a group.
type GroupJudge interface {
	Accept(ctx context.Context, userID, requestID int64) error
	Reject(ctx context.Context, userID, requestID int64, answer string) error
	Requests(ctx context.Context, userID int64) ([]model.RequestRow, error)
}

// RequestService answers requests of both kinds, each by its own rules.
type RequestService struct {
	db       *db.DB
	contacts *ContactService
	groups   GroupJudge
}

// NewRequestService makes a RequestService.
func NewRequestService(d *db.DB, contacts *ContactService, groups GroupJudge) *RequestService {
	return &RequestService{db: d, contacts: contacts, groups: groups}
}

// List gives what waits for a user's answer, and what the user asked and was
// told a reason against, the newest first.
func (v *RequestService) List(ctx context.Context, userID int64) ([]model.RequestRow, error) {
	list, err := v.contacts.Requests(ctx, userID)
	if err != nil {
		return nil, err
	}
	places, err := v.groups.Requests(ctx, userID)
	if err != nil {
		return nil, err
	}
	own, err := v.answered(ctx, userID)
	if err != nil {
		return nil, err
	}
	list = slices.Concat(list, places, own)
	slices.SortStableFunc(list, func(a, b model.RequestRow) int { return int(b.CreateAt - a.CreateAt) })
	return list, nil
}

// Accept says yes to a request. One that is not the user's to answer is one
// that does not exist.
func (v *RequestService) Accept(ctx context.Context, userID, id int64) error {
	kind, err := v.kind(ctx, id)
	if err != nil {
		return err
	}
	if kind == model.KindRoom {
		return v.groups.Accept(ctx, userID, id)
	}
	return v.contacts.Accept(ctx, userID, id)
}

// Reject says no to a request. Who asked is not told, unless there is an answer
// for them.
func (v *RequestService) Reject(ctx context.Context, userID, id int64, answer string) error {
	if !model.ValidMemo(answer, model.MaxUserMemo) {
		return model.Invalid("memo")
	}
	kind, err := v.kind(ctx, id)
	if err != nil {
		return err
	}
	if kind == model.KindRoom {
		return v.groups.Reject(ctx, userID, id, answer)
	}
	return v.contacts.Reject(ctx, userID, id, answer)
}

func (v *RequestService) kind(ctx context.Context, id int64) (kind int, err error) {
	if id <= 0 || id > model.MaxID {
		return 0, model.Invalid("id")
	}
	err = v.db.View(ctx, func(s *xorm.Session) error {
		found, err := s.SQL("SELECT kind FROM request WHERE id = ?", id).Get(&kind)
		if err == nil && !found {
			return model.Fail(model.CodeNotFound)
		}
		return err
	})
	return kind, err
}

// Ask asks somebody, named by id or else by mobile, to be a friend. Whose
// account is open, or who asked first, is a friend at once. Who blocked the
// user answers like anybody else and never sees it.
func (c *ContactService) Ask(ctx context.Context, userID, dstID int64, mobile, memo string) (status string, err error) {
	if !model.ValidMemo(memo, model.MaxUserMemo) {
		return "", model.Invalid("memo")
	}
	if dstID == 0 && mobile != "" {
		if dstID, err = c.byMobile(ctx, mobile); err != nil {
			return "", err
		}
	}
	if err := validPeer(dstID); err != nil {
		return "", err
	}
	var told bool
	err = c.db.Tx(ctx, func(s *xorm.Session) error {
		status, told, err = c.ask(s, userID, dstID, memo)
		return err
	})
	switch {
	case err != nil:
		return "", err
	case told && status == StatusFriend:
		c.noticeBoth(model.EventFriendAdded, userID, dstID)
	case told:
		c.notice(model.EventFriendRequest, userID, userID, dstID)
	}
	return status, nil
}

func (c *ContactService) byMobile(ctx context.Context, mobile string) (int64, error) {
	if !model.ValidMobile(mobile) {
		return 0, model.Invalid("mobile")
	}
	user, err := c.users.byMobile(ctx, mobile)
	if err != nil {
		return 0, err
	}
	if user == nil {
		return 0, model.Fail(model.CodeNotFound)
	}
	return user.ID, nil
}

// ask is Ask's transaction; told says whether the other hears of it.
func (c *ContactService) ask(s *xorm.Session, userID, dstID int64, memo string) (status string, told bool, err error) {
	other, err := c.pairUp(s, userID, dstID)
	if err != nil {
		return "", false, err
	}
	var friends, blocks, blocked, asked int
	_, err = s.SQL(`SELECT (SELECT COUNT(*) FROM contact WHERE userid = ? AND dstid = ?),
		(SELECT COUNT(*) FROM block WHERE userid = ? AND dstid = ?),
		(SELECT COUNT(*) FROM block WHERE userid = ? AND dstid = ?),
		(SELECT COUNT(*) FROM request WHERE kind = ? AND userid = ? AND dstid = ? AND status = ?)`,
		userID, dstID, userID, dstID, dstID, userID, model.KindSingle, dstID, userID, model.RequestPending).
		Get(&friends, &blocks, &blocked, &asked)
	switch {
	case err != nil:
		return "", false, err
	case friends > 0:
		return "", false, model.Fail(model.CodeAlreadyFriend)
	case blocks > 0:
		return "", false, &model.Error{Code: model.CodeConflict, Key: "unblock"}
	case asked > 0:
		return StatusFriend, true, c.befriend(s, userID, dstID)
	case other.Addable == model.AddClosed:
		return "", false, &model.Error{Code: model.CodeForbidden, Key: "closed"}
	case blocked > 0 && other.Addable == model.AddOpen: // answers like any other, the second time too
		fresh, err := c.put(s, userID, dstID, "", model.RequestRejected)
		if err == nil && !fresh {
			err = model.Fail(model.CodeAlreadyFriend)
		}
		return StatusFriend, false, err
	case blocked > 0: // the same work, and nothing to see
		_, err := c.put(s, userID, dstID, memo, model.RequestRejected)
		return StatusRequested, false, err
	case other.Addable == model.AddOpen:
		return StatusFriend, true, c.befriend(s, userID, dstID)
	}
	told, err = c.put(s, userID, dstID, memo, model.RequestPending)
	return StatusRequested, told, err
}

// put writes the one request from a user to another, and tells whether it says
// something new.
func (c *ContactService) put(s *xorm.Session, userID, dstID int64, memo, status string) (bool, error) {
	row := new(model.Request)
	found, err := s.Where("kind = ? AND dstid = ? AND userid = ?", model.KindSingle, dstID, userID).Get(row)
	if err != nil {
		return false, err
	}
	if found && row.Status == status && row.Memo == memo {
		return false, nil
	}
	row.Kind, row.UserID, row.DstID, row.Memo, row.Status = model.KindSingle, userID, dstID, memo, status
	row.CreateAt, row.HandledAt, row.Answer = c.now.millis(), 0, ""
	if found {
		_, err = s.ID(row.ID).Cols("memo", "answer", "status", "createat", "handledat").Update(row)
	} else {
		_, err = s.Insert(row)
	}
	return true, err
}

// Requests gives the friend requests that wait for a user's answer.
func (c *ContactService) Requests(ctx context.Context, userID int64) ([]model.RequestRow, error) {
	var rows []model.Request
	err := c.db.View(ctx, func(s *xorm.Session) error {
		return s.Where("kind = ? AND dstid = ? AND status = ?", model.KindSingle, userID, model.RequestPending).
			Desc("createat", "id").Limit(maxPending).Find(&rows)
	})
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(rows))
	for i := range rows {
		ids[i] = rows[i].UserID
	}
	users, err := c.users.ByIDs(ctx, ids)
	if err != nil {
		return nil, err
	}
	list := make([]model.RequestRow, 0, len(rows))
	for _, row := range rows {
		user := users[row.UserID]
		list = append(list, model.RequestRow{
			ID: row.ID, Kind: row.Kind, User: user.Public(), Memo: row.Memo, Status: row.Status, CreateAt: row.CreateAt,
		})
	}
	return list, nil
}

// Accept makes who asked a friend.
func (c *ContactService) Accept(ctx context.Context, userID, id int64) error {
	var asker int64
	err := c.db.Tx(ctx, func(s *xorm.Session) error {
		row, err := c.judge(s, userID, id)
		if err != nil {
			return err
		}
		asker = row.UserID
		return c.befriend(s, userID, asker)
	})
	if err == nil {
		c.noticeBoth(model.EventFriendAdded, userID, asker)
	}
	return err
}

// Reject turns who asked down, and tells them nothing but the answer, if there
// is one.
func (c *ContactService) Reject(ctx context.Context, userID, id int64, answer string) error {
	var asker int64
	err := c.db.Tx(ctx, func(s *xorm.Session) error {
		row, err := c.judge(s, userID, id)
		if err != nil {
			return err
		}
		asker, row.Status, row.HandledAt, row.Answer = row.UserID, model.RequestRejected, c.now.millis(), answer
		_, err = s.ID(id).Cols("status", "handledat", "answer").Update(row)
		return err
	})
	if err == nil {
		c.notice(model.EventContactChanged, userID, asker, userID)
	}
	if err == nil && answer != "" {
		c.notice(model.EventFriendRequest, userID, userID, asker)
	}
	return err
}

// judge finds a request that userID may answer now, with both accounts locked.
func (c *ContactService) judge(s *xorm.Session, userID, id int64) (*model.Request, error) {
	const query = "SELECT * FROM request WHERE id = ? AND kind = ? AND dstid = ?"
	row := new(model.Request)
	found, err := s.SQL(query, id, model.KindSingle, userID).Get(row)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, model.Fail(model.CodeNotFound)
	}
	if _, err := c.pairUp(s, userID, row.UserID); err != nil {
		return nil, err
	}
	row = new(model.Request) // as it is now that nobody else may touch it
	if _, err := s.SQL(query, id, model.KindSingle, userID).Get(row); err != nil {
		return nil, err
	}
	if row.Status != model.RequestPending {
		return nil, &model.Error{Code: model.CodeConflict, Key: "handled"}
	}
	return row, nil
}
