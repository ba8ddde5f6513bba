package service

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"hongyan/model"
	"hongyan/service/db"
	"hongyan/util/bigram"

	"xorm.io/xorm"
)

// Bounds of the index: messages a transaction takes in, so that senders wait
// for no long one; how long news may gather before it is taken in unasked; and
// the characters of a query.
const (
	indexBatch = 200
	indexDelay = time.Second
	maxQuery   = 100
)

// SearchService finds messages by what they say. The index follows the
// messages by their id, behind the commit; a search first brings it up to date.
type SearchService struct {
	db   *db.DB
	log  *slog.Logger
	news chan struct{}
	stop context.CancelFunc
	done chan struct{}

	mu sync.Mutex // one catches up at a time
}

// NewSearchService starts the service; Close ends it.
func NewSearchService(d *db.DB, logger *slog.Logger) *SearchService {
	ctx, stop := context.WithCancel(context.Background())
	s := &SearchService{db: d, log: logger, news: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
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

func (s *SearchService) follow(ctx context.Context) {
	defer close(s.done)
	for {
		select {
		case <-s.news:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(indexDelay):
		case <-ctx.Done():
			return
		}
		if err := s.catchUp(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("search index is behind", "error", err)
			s.Notify()
		}
	}
}

// catchUp takes in all messages that are stored by now.
func (s *SearchService) catchUp(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		n, err := s.take(ctx)
		if err != nil || n < indexBatch {
			return err
		}
	}
}

// take indexes the next batch and tells its size.
func (s *SearchService) take(ctx context.Context) (n int, err error) {
	var rows []model.Post
	if err := s.db.View(ctx, func(v *xorm.Session) error {
		return v.Where("id > (SELECT value FROM state WHERE name = 'search')").Asc("id").Limit(indexBatch).Find(&rows)
	}); err != nil || len(rows) == 0 {
		return 0, err
	}
	err = s.db.Tx(ctx, func(tx *xorm.Session) error {
		for i := range rows {
			if err := index(tx, &rows[i], s.db.Dialect); err != nil {
				return err
			}
		}
		_, err := tx.Exec("UPDATE state SET value = ? WHERE name = 'search'", rows[len(rows)-1].ID)
		return err
	})
	return len(rows), err
}

// index takes in one row: a message by its words, a change by looking at its
// message anew.
func index(tx *xorm.Session, row *model.Post, dialect string) error {
	key := "id"
	if dialect == db.SQLite {
		key = "rowid"
	}
	target := new(model.Post)
	switch row.Cmd {
	case model.CmdSingle, model.CmdRoom, model.CmdNotice:
		// As it is now, not as it was when the batch was read.
		if found, err := tx.ID(row.ID).Get(target); err != nil || !found {
			return err
		}
	case model.CmdRecall, model.CmdEdit:
		found, err := tx.Where("conversationid = ? AND seq = ?", row.ConversationID, row.Ref).Get(target)
		if err != nil || !found {
			return err
		}
	default:
		return nil
	}
	if _, err := tx.Exec("DELETE FROM search WHERE "+key+" = ?", target.ID); err != nil {
		return err
	}
	tokens := bigram.Index(words(target))
	if tokens == "" {
		return nil
	}
	_, err := tx.Exec("INSERT INTO search ("+key+", tokens) VALUES (?, ?)", target.ID, tokens)
	return err
}

// words is what a message can be found by.
func words(row *model.Post) string {
	switch row.Media {
	case model.MediaCard, model.MediaEmoji:
		return row.Memo
	case model.MediaLink:
		return row.Memo + " " + row.URL
	}
	return row.Content + " " + row.Memo
}

// Query says what is looked for, and where: in one conversation if Kind is set.
// Before is the id of the last message of the page before; 0 for the first.
type Query struct {
	Text   string
	Kind   int
	DstID  int64
	Before int64
	Limit  int
}

// Find gives the messages that a user may see and that have all words of the
// query, newest first. Chinese is found by any part of two characters or more,
// or by a single one; other words by their beginning.
func (s *SearchService) Find(ctx context.Context, userID int64, q Query) ([]model.Message, error) {
	terms := bigram.Query(q.Text)
	if len(terms) == 0 || !utf8.ValidString(q.Text) || utf8.RuneCountInString(q.Text) > maxQuery {
		return nil, model.Invalid("q")
	}
	if q.Kind != 0 && q.Kind != model.KindSingle && q.Kind != model.KindRoom && q.Kind != model.KindNotice {
		return nil, model.Invalid("kind")
	}
	if q.Before < 0 {
		return nil, model.Invalid("before")
	}
	if err := s.catchUp(ctx); err != nil && ctx.Err() != nil {
		return nil, err // otherwise an index that is a little behind is better than none
	}
	var found []foundRow
	err := s.db.View(ctx, func(v *xorm.Session) error {
		if q.Kind != 0 {
			if err := mayRead(v, userID, q.Kind, q.DstID); err != nil {
				return err
			}
		}
		query, args := s.statement(userID, q, terms)
		return v.SQL(query, args...).Find(&found)
	})
	if err != nil {
		return nil, err
	}
	messages := make([]model.Message, len(found))
	for i := range found {
		messages[i] = messageOf(&found[i].Post, found[i].Kind)
	}
	return messages, nil
}

// foundRow is a message with the kind of its conversation.
type foundRow struct {
	model.Post `xorm:"extends"`
	Kind       int
}

// statement builds the query. The tokens are letters and digits by their
// making; everything else is a parameter.
func (s *SearchService) statement(userID int64, q Query, terms []bigram.Term) (string, []any) {
	from, match := "FROM search s JOIN message m ON m.id = s.rowid", "search MATCH ?"
	if s.db.Dialect == db.MySQL {
		from, match = "FROM search s JOIN message m ON m.id = s.id", "MATCH (s.tokens) AGAINST (? IN BOOLEAN MODE)"
	}
	query := "SELECT m.*, c.kind " + from + " JOIN conversation c ON c.id = m.conversationid" +
		" JOIN member b ON b.conversationid = c.id AND b.userid = ? WHERE " + match
	args := []any{userID, expression(terms, s.db.Dialect)}
	if q.Kind != 0 {
		p := pairOf(q.Kind, userID, q.DstID)
		query += " AND c.kind = ? AND c.low = ? AND c.high = ?"
		args = append(args, p.kind, p.low, p.high)
	}
	if q.Before != 0 {
		query += " AND m.id < ?"
		args = append(args, q.Before)
	}
	return query + " ORDER BY m.id DESC LIMIT ?", append(args, Page{Limit: q.Limit}.limit())
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
