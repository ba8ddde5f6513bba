package service

import (
	"context"
	"errors"
	"sync"
	"time"

	"hongyan/model"
)

// ownTurns lets each user search once at a time: with a few costly searches one
// would have all the places, for as long as a search may run.
type ownTurns struct {
	mu    sync.Mutex // guards users
	users map[int64]*ownTurn
}

type ownTurn struct {
	place chan struct{}
	known int // who has the place or waits for it
}

func (o *ownTurns) of(userID int64) *ownTurn {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.users == nil {
		o.users = map[int64]*ownTurn{}
	}
	turn := o.users[userID]
	if turn == nil {
		turn = &ownTurn{place: make(chan struct{}, 1)}
		o.users[userID] = turn
	}
	turn.known++
	return turn
}

func (o *ownTurns) done(userID int64, turn *ownTurn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if turn.known--; turn.known == 0 {
		delete(o.users, userID)
	}
}

// enter waits for a place among those who search, after one's own search before;
// leave gives it back.
func (s *SearchService) enter(ctx context.Context, userID int64) (leave func(), err error) {
	full := time.NewTimer(searchWait)
	defer full.Stop()
	turn := s.mine.of(userID)
	held := []chan struct{}{}
	leave = func() {
		for _, place := range held {
			<-place
		}
		s.mine.done(userID, turn)
	}
	for _, place := range []chan struct{}{turn.place, s.running} {
		select {
		case place <- struct{}{}:
			held = append(held, place)
		case <-full.C:
			leave()
			return nil, &model.Error{Code: model.CodeUnavailable, RetryAfter: searchWait, Err: errors.New("too many searches at once")}
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
	}
	return leave, nil
}
