// Package ctrl is the edge: HTTP routes in one table, /chat, pages and the
// internal listener. Handlers read, call a service and answer; the rules are
// the services'. It may not import xorm, database/sql, service/db,
// service/cluster or service/blob.
package ctrl

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"hongyan/asset/locale"
	"hongyan/model"
	"hongyan/service"
	"hongyan/util/metrics"
	"hongyan/util/turn"
)

// Server holds what the handlers need. Its fields are set before Handler is
// called and do not change after.
type Server struct {
	Log     *slog.Logger
	Locale  *locale.Catalogue
	Metrics *metrics.Metrics

	Sessions      Authenticator
	Limits        Limits
	Users         *service.UserService
	Devices       *service.SessionService
	Contacts      *service.ContactService
	Requests      *service.RequestService
	Messages      *service.MessageService
	Conversations *service.ConversationService
	Communities   *service.CommunityService
	Search        *service.SearchService
	Records       *service.RecordService
	Files         *service.AttachService
	Packets       *service.PacketService
	Stickers      *service.StickerService
	Push          *service.PushService
	Notify        *service.NotifyService
	Previews      *service.PreviewService // nil where the operator does not want them
	Status        *service.StatusService
	Keys          *service.APIKeyService
	QRLogins      *service.QRLoginService
	Dispatch      *service.DispatchService

	// Public is the address at which the public listener listens, PublicTLS
	// whether it speaks HTTPS: for programs that ask at the internal one.
	Public    string
	PublicTLS bool

	// Origins are those of other sites whose pages may call this one.
	Origins []string

	// Authority is the certificate authority of this server's own; nil where
	// another vouches for it, or none.
	Authority Authority
	// Chat is what /chat is made of; nil where there is none.
	Chat *Chat
	// Relay helps calls that find no way of their own; nil where there is none.
	// RelayOnly sends all of them through it.
	Relay     *turn.Server
	RelayOnly bool
	// RecallWindow is how long authors may take a message back: pages tell it.
	RecallWindow time.Duration
	// ReceiptsOff: nobody learns how far messages have come, and pages tell why.
	ReceiptsOff bool
	// Pages are the HTML of the product; nil where there is none.
	Pages *Pages
}

// Authenticator tells whose session a token opens. A token that opens none is
// CodeUnauthenticated.
type Authenticator interface {
	Authenticate(ctx context.Context, token string) (*model.Session, error)
}

// Names of the cookies. Over TLS the session's has the __Host- prefix, which
// binds it to this host and to HTTPS.
const (
	sessionCookie = "hongyan"
	langCookie    = "lang"
)

// cookieName is the session cookie's name for a request.
func cookieName(r *http.Request) string {
	if isTLS(r) {
		return "__Host-" + sessionCookie
	}
	return sessionCookie
}

// isTLS tells whether the person's side of the connection is encrypted. A proxy
// in front says so by X-Forwarded-Proto; a forged one can only make the
// forger's own cookie stricter.
func isTLS(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}

// authenticate finds the session of a request: by its Bearer token if there is
// one, else by its cookie. No session is nil without an error.
func (s *Server) authenticate(r *http.Request) (*model.Session, error) {
	token := ""
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, value, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return nil, model.Fail(model.CodeUnauthenticated)
		}
		token = strings.TrimSpace(value)
	} else if cookie, err := r.Cookie(cookieName(r)); err == nil {
		token = cookie.Value
	}
	if token == "" {
		return nil, nil
	}
	session, err := s.Sessions.Authenticate(r.Context(), token)
	if err != nil && model.CodeOf(err) == model.CodeUnauthenticated {
		return nil, nil
	}
	return session, err
}

// lang is the language of a request: the lang cookie, else what the browser asks for.
func (s *Server) lang(r *http.Request) string {
	choice := ""
	if cookie, err := r.Cookie(langCookie); err == nil {
		choice = cookie.Value
	}
	return s.Locale.Match(choice, r.Header.Get("Accept-Language"))
}
