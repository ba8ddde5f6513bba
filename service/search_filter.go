package service

import (
	"slices"
	"strings"

	"hongyan/model"
)

// maxMediaFilter bounds the media of one search: there are not more.
const maxMediaFilter = 16

// Filter narrows a search. What is zero does not count.
type Filter struct {
	Media    []int64 // any of these
	Links    bool    // what holds an address: cards with one, and texts
	From, To int64   // stored at or after, and before; Unix milliseconds
	MemberID int64   // said by this user
}

func (f Filter) empty() bool {
	return len(f.Media) == 0 && !f.Links && f.From == 0 && f.To == 0 && f.MemberID == 0
}

func (f Filter) check() error {
	switch {
	case len(f.Media) > maxMediaFilter || slices.ContainsFunc(f.Media, func(n int64) bool { return n < 1 || n > model.MediaUser }):
		return model.Invalid("media")
	case f.From < 0 || f.From > model.MaxID:
		return model.Invalid("from")
	case f.To < 0 || f.To > model.MaxID || f.To > 0 && f.To <= f.From:
		return model.Invalid("to")
	case f.MemberID < 0 || f.MemberID > model.MaxID:
		return model.Invalid("memberid")
	}
	return nil
}

// where gives the conditions on message m, each led by AND, and their values.
// What was taken back holds nothing any more and is not found by them.
func (f Filter) where() (string, []any) {
	if f.empty() {
		return "", nil
	}
	var b strings.Builder
	var args []any
	add := func(condition string, values ...any) {
		b.WriteString(" AND " + condition)
		args = append(args, values...)
	}
	add("NOT (m.content = '' AND m.url = '' AND m.memo = '' AND m.ext LIKE ?)", `{"recalled":true%`)
	if len(f.Media) > 0 {
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(f.Media)), ", ")
		values := make([]any, len(f.Media))
		for i, media := range f.Media {
			values[i] = media
		}
		add("m.media IN ("+marks+")", values...)
	}
	if f.Links {
		add("(m.media IN (?, ?) OR m.media = ? AND (m.content LIKE ? OR m.content LIKE ?))",
			model.MediaNews, model.MediaLink, model.MediaText, "%://%", "%www.%")
	}
	if f.From > 0 {
		add("m.at >= ?", f.From)
	}
	if f.To > 0 {
		add("m.at < ?", f.To)
	}
	if f.MemberID > 0 {
		add("m.userid = ?", f.MemberID)
	}
	return b.String(), args
}
