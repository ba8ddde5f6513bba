package ctrl

import (
	"net/http"

	"hongyan/model"
)

// access says who may call a route.
type access int

const (
	anyone access = iota // no session needed
	member               // any session
)

// action handles a JSON route: it answers data, rows{…}, answer{…} or an error.
type action func(w http.ResponseWriter, r *request) (any, error)

// route is a line of the table: POST path, answered in JSON.
type route struct {
	path   string
	who    access
	action action
}

// api is the table of all JSON routes of the public listener.
func (s *Server) api() []route {
	return []route{
		{"/user/register", anyone, s.register},
		{"/user/login", anyone, s.login},
		{"/user/logout", member, s.logout},
		{"/user/me", member, s.me},
		{"/user/find", member, s.findUser},
		{"/user/update", member, s.updateUser},
		{"/user/passwd", member, s.changePassword},
		{"/user/sessions", member, s.listSessions},
		{"/user/revoke", member, s.revokeSession},
		{"/user/ticket", member, s.ticket},

		{"/qrlogin/new", anyone, s.newQRLogin},
		{"/qrlogin/scan", member, s.scanQRLogin},
		{"/qrlogin/confirm", member, s.confirmQRLogin},
		{"/qrlogin/deny", member, s.denyQRLogin},

		{"/contact/addfriend", member, s.addFriend},
		{"/contact/requests", member, s.listRequests},
		{"/contact/accept", member, s.acceptRequest},
		{"/contact/reject", member, s.rejectRequest},
		{"/contact/loadfriend", member, s.loadFriends},
		{"/contact/remark", member, s.remarkFriend},
		{"/contact/star", member, s.starFriend},
		{"/contact/delfriend", member, s.removeFriend},
		{"/contact/block", member, s.blockUser},
		{"/contact/unblock", member, s.unblockUser},
		{"/contact/blocked", member, s.listBlocked},
		{"/contact/createcommunity", member, s.createCommunity},
		{"/contact/joincommunity", member, s.joinCommunity},
		{"/contact/loadcommunity", member, s.loadCommunity},
		{"/contact/leavecommunity", member, s.leaveCommunity},
		{"/community/info", member, s.communityInfo},
		{"/community/members", member, s.communityMembers},
		{"/community/update", member, s.updateCommunity},
		{"/community/invite", member, s.inviteToCommunity},
		{"/community/kick", member, s.kickMember},
		{"/community/mute", member, s.muteMember},
		{"/community/role", member, s.setMemberRole},
		{"/community/transfer", member, s.transferCommunity},
		{"/community/dismiss", member, s.dismissCommunity},
		{"/community/nick", member, s.setNick},
		{"/community/nicks", member, s.listNicks},
		{"/community/invitelink", member, s.makeInviteLink},
		{"/community/invitelinks", member, s.listInviteLinks},
		{"/community/revokelink", member, s.revokeInviteLink},
		{"/community/joinlink", member, s.joinByLink},
		{"/message/conversations", member, s.listConversations},
		{"/message/history", member, s.loadHistory},
		{"/message/settings", member, s.setConversation},
		{"/message/search", member, s.searchMessages},
		{"/message/readers", member, s.listReaders},
		{"/message/receipts", member, s.countReceipts},
		{"/message/recalled", member, s.listRecalls},
		{"/record/create", member, s.createRecord},
		{"/record/get", member, s.getRecord},
		{"/message/pin", member, s.pinMessage},
		{"/message/pins", member, s.listPins},
		{"/call/ice", member, s.callServers},
		{"/push/key", member, s.pushKey},
		{"/push/subscribe", member, s.pushSubscribe},
		{"/push/unsubscribe", member, s.pushUnsubscribe},
		{"/push/test", member, s.pushTest},
		{"/notify/list", member, s.listChannels},
		{"/notify/set", member, s.setChannel},
		{"/notify/delete", member, s.deleteChannel},
		{"/notify/test", member, s.testChannel},
		{"/notify/confirm", member, s.confirmChannel},
		{"/attach/upload", member, s.uploadFile},
		{"/packet/send", member, s.sendPacket},
		{"/packet/open", member, s.openPacket},
		{"/packet/info", member, s.packetInfo},
		{"/packet/states", member, s.packetStates},
		{"/packet/balance", member, s.packetBalance},
		{"/sticker/list", member, s.listStickers},
		{"/sticker/add", member, s.addSticker},
		{"/sticker/remove", member, s.removeSticker},
		{"/link/preview", member, s.previewLink},
		{"/attach/begin", member, s.beginUpload},
		{"/attach/state", member, s.uploadState},
		{"/attach/part", member, s.uploadPart},
		{"/attach/finish", member, s.finishUpload},
		{"/attach/cancel", member, s.cancelUpload},
	}
}

// Handler is the public listener's handler.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range s.api() {
		mux.Handle(route.path, s.json(route))
	}
	mux.HandleFunc("GET /mnt/{name...}", s.serveFile)
	mux.HandleFunc("/mnt", http.NotFound) // not a redirect to the folder
	s.heldRoutes(mux)
	if s.Chat != nil {
		mux.HandleFunc("GET /chat", s.chat())
	}
	if s.Pages != nil {
		s.Pages.of(s, siteSource{s}).routes(mux)
	}
	return s.straight(mux)
}

// keyRoute is a line of the table of the internal listener: a route for
// programs, with the scope that an API key must have.
type keyRoute struct {
	method, path string
	scope        string
	action       action
}

// internal is the table of all routes of the internal listener that ask for an
// API key.
func (s *Server) internal() []keyRoute {
	return []keyRoute{
		{http.MethodPost, "/status/set", model.ScopeStatus, s.setStatus},
		{http.MethodGet, "/dispatch", model.ScopeDispatch, s.userDispatch},
		{http.MethodPost, "/api/online", model.ScopeOnline, s.listOnline},
		{http.MethodPost, "/api/kick", model.ScopeKick, s.kickUser},
	}
}
