package service

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/bigram"

	"xorm.io/xorm"
)

// Bounds of a search: characters of a query; searches that run at once, so that
// they leave the database to those who talk; how long one waits for its turn and
// how long it runs; and batches that it indexes itself before it looks.
const (
	maxQuery      = 100
	maxSearches   = 2
	searchWait    = 5 * time.Second
	searchTime    = 10 * time.Second
	searchBatches = 4
)

// SearchService finds messages by what they say. The index follows the
// messages by their id, behind the commit; a search first indexes some of what
// is new itself, so that what was just said is found.
type SearchService struct {
	db      *db.DB
	log     *slog.Logger
	news    chan struct{}
	running chan struct{} // a place for each search
	mine    ownTurns
	stop    context.CancelFunc
	done    chan struct{}

	turn    chan struct{} // held by who indexes; guards the following
	reached int64         // the id up to which this node has indexed
	mark    int64         // the cursor's next place, as far as reached at marked
	marked  time.Time
}

// NewSearchService starts the service; Close ends it.
func NewSearchService(d *db.DB, logger *slog.Logger) *SearchService {
	ctx, stop := context.WithCancel(context.Background())
	s := &SearchService{
		db: d, log: logger, news: make(chan struct{}, 1), running: make(chan struct{}, maxSearches),
		stop: stop, done: make(chan struct{}), turn: make(chan struct{}, 1),
	}
	go s.follow(ctx)
	s.Notify() // of what was said before the last stop
	return s
}

// Close ends the following; what is not indexed yet is after the next start.
func (s *SearchService) Close() {
	s.stop()
	<-s.done
}

// Notify says that there are new messages. It never blocks.
func (s *SearchService) Notify() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// Query says what is looked for, and where: in those of a Kind, if it is set, and
// with a DstID in that one.
// Before is the id of the last message of the page before; 0 for the first.
// The filters narrow what the words find; with one of them Text may be empty.
type Query struct {
	Text   string
	Kind   int
	DstID  int64
	Before int64
	Limit  int
	Filter Filter
}

// one tells whether one conversation is looked through: that of notices has no DstID.
func (q Query) one() bool { return q.Kind != 0 && (q.DstID != 0 || q.Kind == model.KindNotice) }

// Find gives the messages that a user may see and that have all words of the
// query, newest first. Chinese is found by any part of two characters or more,
// or by a single one; other words by their beginning.
func (s *SearchService) Find(ctx context.Context, userID int64, q Query) ([]model.Message, error) {
	terms, err := q.check()
	if err != nil {
		return nil, err
	}
	leave, err := s.enter(ctx, userID)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	// Whatever hinders it: an index that is a little behind is better than none.
	if more, err := s.catchUp(ctx, searchBatches); more || err != nil {
		s.Notify()
	}
	var found []foundRow
	err = s.db.View(ctx, func(v *xorm.Session) error {
		if q.one() {
			if err := mayRead(v, userID, q.Kind, q.DstID); err != nil {
				return err
			}
		}
		query, args := s.statement(userID, q, terms)
		if err := v.SQL(query, args...).Find(&found); err != nil {
			return err
		}
		rows := make([]*model.Post, len(found))
		for i := range found {
			if err := intact(found[i].Post); err != nil {
				return err
			}
			rows[i] = &found[i].Post
		}
		return unquote(v, rows...)
	})
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, &model.Error{Code: model.CodeUnavailable, RetryAfter: searchWait, Err: err}
	}
	if err != nil {
		return nil, err
	}
	messages := make([]model.Message, len(found))
	for i := range found {
		messages[i] = messageOf(&found[i].Post, found[i].Kind)
	}
	return messages, nil
}

// check refuses what cannot be looked for and gives the terms that must match;
// none where the filters alone say what is wanted.
func (q Query) check() ([]bigram.Term, error) {
	terms := bigram.Query(q.Text)
	switch {
	case !utf8.ValidString(q.Text) || utf8.RuneCountInString(q.Text) > maxQuery, len(terms) == 0 && strings.TrimSpace(q.Text) == "" && q.Filter.empty():
		return nil, model.Invalid("q")
	case len(terms) == 0 && strings.TrimSpace(q.Text) != "":
		return nil, model.Invalid("q_words")
	case q.Kind != 0 && q.Kind != model.KindSingle && q.Kind != model.KindRoom && q.Kind != model.KindNotice, q.Kind == 0 && q.DstID != 0:
		return nil, model.Invalid("kind")
	case q.Before < 0:
		return nil, model.Invalid("before")
	}
	return terms, q.Filter.check()
}

// foundRow is a message with the kind of its conversation.
type foundRow struct {
	model.Post `xorm:"extends"`
	Kind       int
}

// statement builds the query. The tokens are letters and digits by their
// making; everything else is a parameter. Without terms there is nothing to ask
// the index for: the messages themselves are looked through, newest first.
func (s *SearchService) statement(userID int64, q Query, terms []bigram.Term) (string, []any) {
	from, match, args := "FROM message m", "m.cmd IN (?, ?, ?)", []any{userID, model.CmdSingle, model.CmdRoom, model.CmdNotice}
	if len(terms) > 0 {
		from, match = "FROM search s JOIN message m ON m.id = s.rowid", "search MATCH ?"
		if s.db.Dialect == db.MySQL {
			from, match = "FROM search s JOIN message m ON m.id = s.id", "MATCH (s.tokens) AGAINST (? IN BOOLEAN MODE)"
		}
		args = []any{userID, expression(terms, s.db.Dialect)}
	}
	query := "SELECT m.*, c.kind " + from + " JOIN conversation c ON c.id = m.conversationid" +
		" JOIN member b ON b.conversationid = c.id AND b.userid = ? WHERE " + match
	if q.one() {
		p := pairOf(q.Kind, userID, q.DstID)
		query += " AND c.kind = ? AND c.low = ? AND c.high = ?"
		args = append(args, p.kind, p.low, p.high)
	} else if q.Kind != 0 {
		query += " AND c.kind = ?"
		args = append(args, q.Kind)
	}
	if q.Before != 0 {
		query += " AND m.id < ?"
		args = append(args, q.Before)
	}
	narrow, values := q.Filter.where()
	args = append(append(args, values...), Page{Limit: q.Limit}.limit())
	return query + narrow + " ORDER BY m.id DESC LIMIT ?", args
}

// expression writes terms in the index's language: all must match.
func expression(terms []bigram.Term, dialect string) string {
	var parts []string
	for _, term := range terms {
		part := `"` + strings.Join(term.Tokens, " ") + `"`
		if term.Prefix {
			part += "*"
			if dialect == db.MySQL { // takes no quotes around a prefix
				part = term.Tokens[0] + "*"
			}
		}
		if dialect == db.MySQL {
			part = "+" + part
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}
