package ctrl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"hongyan/model"
	"hongyan/service"
	"hongyan/service/hub"

	"github.com/gorilla/websocket"
)

// Chat is what GET /chat is made of.
type Chat struct {
	Hub      *hub.Hub
	Messages Messenger
	// Calls takes the commands 20 to 29; nil where there are none.
	Calls *service.CallService
	// Standing gives the groups a session's user is in, and whether the session
	// has not ended. It is asked again once a socket is where Disconnect finds it,
	// if anything may have changed, so that a session which ended during the
	// handshake leaves none behind.
	Standing func(ctx context.Context, userID, sessionID int64) (groups []int64, alive bool, err error)
	// Redeem takes a one-time ticket and gives the session it was made for.
	Redeem func(ctx context.Context, ticket string) (*model.Session, error)
	// Touch, if set, notes that a session's device is there. It is called at each
	// heart and must be cheap.
	Touch func(sessionID int64)
	// Looks, if set, hears with a heart whose amount is not 0 whether somebody
	// looks at the session's device (1) or no longer does.
	Looks func(userID, sessionID int64, looks bool)
	// Origins may open sockets besides the site itself: scheme://host[:port].
	Origins []string
	// ClassicTokens lets ?id=&token= in. A token in a URL ends up in logs.
	ClassicTokens bool
	// Unlimited switches the rate limit of frames off, for load tests.
	Unlimited bool
	// Epoch, Node and Version are told in the hello. An epoch that differs from
	// the one before says that the store is another: a restored copy.
	Epoch, Node, Version string
}

// Messenger takes what clients send. Send and Delivered call done once, with the
// acknowledgement or with why the frame had no effect; the ack frame itself
// comes through the hub, in order with everything else.
type Messenger interface {
	Send(ctx context.Context, from model.Sender, m model.Message, done func(ack model.Message, err error))
	Typing(ctx context.Context, from model.Sender, m model.Message) error
	Delivered(ctx context.Context, from model.Sender, m model.Message, done func(error))
}

const (
	// readBuffer is the room in which the websocket package reads heads and
	// control frames, the least it takes; what is read ahead is the hub's.
	readBuffer = 125
	// writeBuffer is only used where the websocket package writes by itself.
	writeBuffer = 256
	// retrySocket is when a refused socket may try again.
	retrySocket = 5 * time.Second
)

// chat makes the handler of GET /chat.
func (s *Server) chat() http.HandlerFunc {
	upgrader := websocket.Upgrader{
		ReadBufferSize:  readBuffer,
		WriteBufferSize: writeBuffer,
		WriteBufferPool: new(sync.Pool),
		CheckOrigin:     func(*http.Request) bool { return true }, // admit has looked
		Error: func(w http.ResponseWriter, r *http.Request, _ int, _ error) {
			s.fail(w, s.call(r), model.Invalid("upgrade"))
		},
	}
	buffers := &sync.Pool{New: func() any { return new(bytes.Buffer) }}
	return func(w http.ResponseWriter, r *http.Request) {
		mark, holds := s.Chat.Hub.Mark() // before anything is read
		session, err := s.admit(r)
		if err == nil {
			err = s.room(r, session)
		}
		if err != nil {
			s.fail(w, s.call(r), err)
			return
		}
		var early *hub.Early
		if holds {
			early = s.early(r, session, mark)
		}
		out := &takeover{ResponseWriter: w}
		conn, err := upgrader.Upgrade(out, r, nil)
		if err != nil {
			s.Log.Debug("no socket", "request", requestID(r.Context()), "error", err)
			return
		}
		node := s.Chat.Hub.Node(conn, out.pipe, session.UserID, session.ID, ClientAddress(r.Context()))
		s.Chat.Hub.Serve(node, s.conversation(node, buffers, early, s.lang(r), requestID(r.Context())))
	}
}

// early reads a user's groups before the socket is there, in a goroutine whose
// stack has grown for the session already. If it cannot, Attach will.
func (s *Server) early(r *http.Request, session *model.Session, mark uint64) *hub.Early {
	groups, alive, err := s.Chat.Standing(r.Context(), session.UserID, session.ID)
	if err != nil || !alive {
		return nil
	}
	return &hub.Early{Mark: mark, Groups: groups}
}

// call is a request as the answers want it.
func (s *Server) call(r *http.Request) *request {
	return &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}
}

// takeover gives the upgrader a connection through which it cannot write past
// the node's queue.
type takeover struct {
	http.ResponseWriter
	pipe *hub.Pipe
}

// Unwrap lets http.ResponseController find what is beneath.
func (t *takeover) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Hijack takes the connection over from the HTTP server.
func (t *takeover) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	t.pipe = hub.NewPipe(conn)
	return t.pipe, buffers, nil
}

// admit tells whose socket this is to be: first where it comes from, then who
// it is.
func (s *Server) admit(r *http.Request) (*model.Session, error) {
	if err := s.checkOrigin(r); err != nil {
		return nil, err
	}
	session, err := s.socketSession(r)
	if err == nil && session == nil {
		err = model.Fail(model.CodeUnauthenticated)
	}
	return session, err
}

// checkOrigin lets in the site itself, the list and the site that a ticket was
// made for, compared whole. A browser always says where it comes from; who does
// not must not be a browser with a cookie, which any page could make it send.
func (s *Server) checkOrigin(r *http.Request) error {
	origins := r.Header["Origin"]
	switch {
	case len(origins) == 0:
		_, err := r.Cookie(cookieName(r))
		if err == nil {
			return model.Failf(model.CodeForbidden, "a cookie without an origin")
		}
		return nil
	case len(origins) == 1 && (origins[0] == ownOrigin(r) || slices.Contains(s.Chat.Origins, origins[0])):
		return nil
	case len(origins) == 1 && origins[0] != "" && r.Header.Get("Authorization") == "" && origins[0] == service.TicketSite(r.URL.Query().Get("ticket")):
		return nil // a page of the cluster at another node; a forged ticket is not redeemed
	}
	return model.Failf(model.CodeForbidden, "origin %q", origins)
}

func ownOrigin(r *http.Request) string {
	if isTLS(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// socketSession finds the session of a socket: by Authorization, by ticket, by
// the classic parameters where they are allowed, or by cookie.
func (s *Server) socketSession(r *http.Request) (*model.Session, error) {
	query := url.Values{}
	if r.URL.RawQuery != "" {
		query = r.URL.Query()
	}
	switch {
	case r.Header.Get("Authorization") != "":
		return s.authenticate(r)
	case query.Get("ticket") != "":
		return ofNobody(s.Chat.Redeem(r.Context(), query.Get("ticket")))
	case s.Chat.ClassicTokens && query.Get("token") != "":
		session, err := ofNobody(s.Sessions.Authenticate(r.Context(), query.Get("token")))
		if err != nil || session == nil || strconv.FormatInt(session.UserID, 10) != query.Get("id") {
			return nil, err
		}
		return session, nil
	}
	return s.authenticate(r)
}

// ofNobody turns "that opens no session" into none.
func ofNobody(session *model.Session, err error) (*model.Session, error) {
	switch model.CodeOf(err) {
	case model.CodeUnauthenticated, model.CodeNotFound:
		return nil, nil
	}
	return session, err
}

// room refuses a socket for which there is none before it is made.
func (s *Server) room(r *http.Request, session *model.Session) error {
	err := s.Chat.Hub.Room(session.UserID, ClientAddress(r.Context()))
	switch {
	case errors.Is(err, hub.ErrDraining):
		return &model.Error{Code: model.CodeUnavailable, RetryAfter: retrySocket, Err: err}
	case errors.Is(err, hub.ErrTooMany):
		s.Metrics.Limited.WithLabelValues("sockets").Inc()
		return &model.Error{Code: model.CodeRateLimited, RetryAfter: retrySocket, Err: err}
	}
	return err
}
