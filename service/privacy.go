package service

import (
	"slices"

	"xorm.io/xorm"
)

// What a user may keep from others. It works both ways: who does not show a
// thing is not shown it by others.
const (
	hideOnline = "hideonline"
	hideRead   = "hideread"
	hideTyping = "hidetyping"
)

// hiding gives those of users who keep a thing to themselves.
func hiding(v *xorm.Session, what string, users ...int64) (map[int64]bool, error) {
	list := map[int64]bool{}
	for part := range slices.Chunk(users, chunk) {
		var ids []int64
		if err := v.Table("user").Cols("id").In("id", part).And(what + " = 1").Find(&ids); err != nil {
			return nil, err
		}
		for _, id := range ids {
			list[id] = true
		}
	}
	return list, nil
}
