package service

import (
	"strings"

	"hongyan/model"

	"xorm.io/xorm"
)

// unquote takes from answers the copy of what they answer where that was taken
// back since: ext.quote is their authors' clients' own, and stays in the store as
// it was sent. Rows are of any conversations, and their sums are to be checked
// before. What quotes nothing costs no query.
func unquote(v *xorm.Session, list ...*model.Post) error {
	var answers []*model.Post
	for _, row := range list {
		if row.Ref > 0 && (row.Cmd == model.CmdSingle || row.Cmd == model.CmdRoom) && strings.Contains(row.Ext, `"quote"`) {
			answers = append(answers, row)
		}
	}
	type place struct{ conversation, seq int64 }
	for start := 0; start < len(answers); start += chunk {
		part := answers[start:min(start+chunk, len(answers))]
		for _, row := range part {
			v.Or("(conversationid = ? AND seq = ?)", row.ConversationID, row.Ref)
		}
		var originals []model.Post
		if err := v.Cols("conversationid", "seq", "ext").Find(&originals); err != nil {
			return err
		}
		gone := map[place]bool{}
		for _, row := range originals {
			gone[place{row.ConversationID, row.Seq}] = takenBack(row.Ext)
		}
		for _, row := range part {
			if gone[place{row.ConversationID, row.Ref}] {
				row.Ext = withoutKey(row.Ext, "quote")
			}
		}
	}
	return nil
}

// pointers gives the rows of a list to be changed in place.
func pointers(list []model.Post) []*model.Post {
	all := make([]*model.Post, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	return all
}
