package service

import (
	"fmt"
	"strconv"

	"hongyan/model"
	"hongyan/service/db"

	"xorm.io/xorm"
)

// Ledger is where what is in red packets comes from and goes to. All of it runs
// within the transaction that stores the message or the share, so that the two
// cannot part. A ledger of real money is the operator's to write; PlayMoney is
// the one that comes with the product.
type Ledger interface {
	// Currency names what is counted; "play" is play money, and clients say so.
	Currency() string
	// Balance is what a user could spend.
	Balance(s *xorm.Session, userID int64) (int64, error)
	// Afford fails with a *model.Error if a user cannot spend amount, and keeps
	// others from spending it until the transaction ends. It writes nothing.
	Afford(s *xorm.Session, userID, amount int64) error
	// Move books one transfer. What Afford let through does not fail for want of
	// funds; any failure ends the transaction.
	Move(s *xorm.Session, t Transfer) error
}

// Account names one side of a transfer.
type Account string

// UserAccount is a person's account.
func UserAccount(id int64) Account { return Account("user:" + strconv.FormatInt(id, 10)) }

// PacketAccount holds what is in a packet.
func PacketAccount(id int64) Account { return Account("packet:" + strconv.FormatInt(id, 10)) }

// Reasons of transfers.
const (
	MoveSend  = "send"
	MoveOpen  = "open"
	MoveBack  = "back"
	moveGrant = "grant"
)

// Transfer moves an amount in cents from one account to another, once for a
// reason and a packet. User is the person among the two.
type Transfer struct {
	From, To Account
	User     int64
	Amount   int64
	Reason   string
	PacketID int64
	At       int64
}

// playMoneyCurrency and playMoneyGrant: everybody starts with a thousand, and it
// is worth nothing.
const (
	playMoneyCurrency = "play"
	playMoneyGrant    = 1000_00
	mint              = Account("mint")
)

// PlayMoney is a Ledger of amounts that are worth nothing: everybody starts with
// the same sum out of nowhere. Two rows are written for each transfer, and the
// sum over all rows is zero.
type PlayMoney struct{ db *db.DB }

var _ Ledger = (*PlayMoney)(nil)

// NewPlayMoney makes the ledger.
func NewPlayMoney(d *db.DB) *PlayMoney { return &PlayMoney{db: d} }

// Currency says that it is play money.
func (*PlayMoney) Currency() string { return playMoneyCurrency }

// Balance is what a user has; who never had any has what everybody starts with.
func (*PlayMoney) Balance(s *xorm.Session, userID int64) (int64, error) {
	return purse(s, userID, "")
}

// Afford looks into the purse and locks it.
func (p *PlayMoney) Afford(s *xorm.Session, userID, amount int64) error {
	balance, err := purse(s, userID, p.db.ForUpdate())
	if err == nil && balance < amount {
		err = &model.Error{Code: model.CodeConflict, Key: "funds"}
	}
	return err
}

func purse(s *xorm.Session, userID int64, lock string) (int64, error) {
	var balance int64
	found, err := s.SQL("SELECT balance FROM purse WHERE userid = ?"+lock, userID).Get(&balance)
	if err == nil && !found {
		balance = playMoneyGrant
	}
	return balance, err
}

// Move books a transfer, after the grant of somebody who never had any.
func (p *PlayMoney) Move(s *xorm.Session, t Transfer) error {
	if err := p.grant(s, t.User, t.At); err != nil {
		return err
	}
	change := t.Amount
	if t.From == UserAccount(t.User) {
		change = -t.Amount
	}
	result, err := s.Exec("UPDATE purse SET balance = balance + ? WHERE userid = ? AND balance + ? >= 0", change, t.User, change)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("a purse that was looked into cannot pay: %d rows, %w", n, err)
	}
	return book(s, t)
}

// grant gives a user what everybody starts with, unless it was given.
func (p *PlayMoney) grant(s *xorm.Session, userID, at int64) error {
	found, err := s.SQL("SELECT userid FROM purse WHERE userid = ?"+p.db.ForUpdate(), userID).Exist()
	if err != nil || found {
		return err
	}
	if _, err := s.Insert(&model.Purse{UserID: userID, Balance: playMoneyGrant}); err != nil {
		return err // a duplicate means another node was first: the op is run again
	}
	return book(s, Transfer{From: mint, To: UserAccount(userID), Amount: playMoneyGrant, Reason: moveGrant, At: at})
}

// book writes both sides of a transfer.
func book(s *xorm.Session, t Transfer) error {
	row := model.LedgerRow{Account: string(t.From), Other: string(t.To), Reason: t.Reason, PacketID: t.PacketID, Amount: -t.Amount, At: t.At}
	back := row
	back.Account, back.Other, back.Amount = row.Other, row.Account, t.Amount
	_, err := s.Insert(&[]model.LedgerRow{row, back})
	return err
}
