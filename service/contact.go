package service

import (
	"hongyan/model"

	"xorm.io/xorm"
)

// friendIDs gives the ids of a user's friends.
func friendIDs(s *xorm.Session, userID int64) ([]int64, error) {
	ids := []int64{}
	err := s.SQL("SELECT dstid FROM contact WHERE userid = ? ORDER BY id", userID).Find(&ids)
	return ids, err
}

// areFriends looks at one row of the two: they come and go together.
func areFriends(s *xorm.Session, a, b int64) (bool, error) {
	return s.Where("userid = ? AND dstid = ?", a, b).Exist(new(model.Contact))
}
