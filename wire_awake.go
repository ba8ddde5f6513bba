package main

import (
	"fmt"
	"time"

	"hongyan/ctrl"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/service/notify"
	"hongyan/util/outbound"
)

// awake is what tells people who are away that there is something for them.
type awake struct {
	*service.AwakeService
	push    *service.PushService
	notify  *service.NotifyService
	looking *service.Looking
}

// awake wires the pushes and the channels.
func (s *server) awake(d *db.DB) (*awake, error) {
	options := notify.Options{Reach: outbound.Options{Private: s.config.NotifyPrivate}}
	if s.config.SMTP != "" {
		mailer, err := notify.NewMailer(s.config.SMTP, nil)
		if err != nil {
			return nil, fmt.Errorf("smtp: %w", err)
		}
		options.Mail = mailer
	}
	notifiers := map[string]service.Notifier{}
	for kind, notifier := range notify.New(options) {
		notifiers[kind] = notifier
	}
	words := func(lang, key string, values map[string]any) string { return s.catalogue.T(lang, key, values) }
	keys := service.NewPushKeys(d)
	pusher := notify.NewPusher(options, s.config.PushContact, keys.Pair, s.log)
	looking := service.NewLooking(time.Now)
	all := service.NewAwakeService(d, pusher, notifiers, looking, s.now, words, service.UsualPace(), s.log)
	return &awake{
		AwakeService: all, looking: looking,
		push:   service.NewPushService(d, all, pusher, keys, s.now),
		notify: service.NewNotifyService(d, all, notifiers, s.now),
	}, nil
}

// join gives the edge its part of it.
func (a *awake) join(edge *ctrl.Server) {
	edge.Push, edge.Notify = a.push, a.notify
	edge.Chat.Looks = a.looking.Note
}
