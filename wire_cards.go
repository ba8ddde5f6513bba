package main

import (
	"hongyan/ctrl"
	"hongyan/service"
	"hongyan/service/db"
	"hongyan/util/preview"
)

// cards wires what is sent as a card: red packets, stickers and links.
func (s *server) cards(edge *ctrl.Server, d *db.DB, committer *service.Committer, messages *service.MessageService) {
	edge.Packets = service.NewPacketService(d, committer, messages, edge.Users, service.NewPlayMoney(d), s.now, s.log)
	edge.Stickers = service.NewStickerService(d, s.now)
	if s.config.LinkPreview {
		edge.Previews = service.NewPreviewService(preview.New(service.PublicWeb), edge.Files, s.log)
	}
}
