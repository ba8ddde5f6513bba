package ctrl

import (
	"net/http"
	"strconv"

	"hongyan/model"
	"hongyan/service"
)

const (
	// qrSecret is the header in which a browser proves that it asked for a QR
	// login. No page of another site can send it unasked.
	qrSecret = "X-QR-Secret"
	// scanPath is what the picture leads a phone to. The ticket follows after a
	// #, which no browser sends and no log sees.
	scanPath = "/scan#"
)

// qrUser is what the browser shows of who scanned it.
type qrUser struct {
	Nickname string `json:"nickname"`
	Avatar   string `json:"avatar"`
}

// qrState is how a QR login stands, as its browser is told.
type qrState struct {
	State string  `json:"state"`
	User  *qrUser `json:"user,omitempty"`
}

// qrPicture is a new QR login with the SVG of its picture.
type qrPicture struct {
	*service.NewQRLogin
	Image string `json:"image,omitempty"`
}

// newQRLogin makes a QR login for the browser that asks, with the picture if
// image is true.
func (s *Server) newQRLogin(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Image bool `json:"image"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.QRNew, limitKey(r.address())); err != nil {
		return nil, err
	}
	made, err := s.QRLogins.New(r.Context(), r.device())
	if err != nil || !in.Image {
		return made, err
	}
	picture, err := drawCode(siteOf(r.Request) + scanPath + made.Ticket)
	return qrPicture{made, picture}, err
}

// waitQRLogin is GET /qrlogin/wait?ticket=T&state=S: held until the QR login
// stands otherwise than S, or than the browser was told last.
func (s *Server) waitQRLogin(w http.ResponseWriter, r *http.Request) {
	call := &request{Request: r, Lang: s.lang(r), ID: requestID(r.Context())}
	if r.Method != http.MethodGet {
		s.failMethod(w, call, http.MethodGet)
		return
	}
	if err := s.holdQRLogin(w, call); err != nil {
		s.fail(w, call, err)
	}
}

func (s *Server) holdQRLogin(w http.ResponseWriter, r *request) error {
	query := r.URL.Query()
	hold, err := holdOf(query.Get("timeout"))
	if err != nil {
		return err
	}
	if query.Get("ticket") == "" {
		return model.Invalid("ticket")
	}
	release, err := s.park(r)
	if err != nil {
		return err
	}
	defer release()
	holdLine(w, hold)
	state, err := s.QRLogins.Wait(r.Context(), query.Get("ticket"), r.Header.Get(qrSecret), query.Get("state"), r.device(), hold)
	if err != nil {
		return err
	}
	if state == nil {
		writeTimeout(w)
		return nil
	}
	out := qrState{State: state.State}
	if state.User != nil {
		out.User = &qrUser{state.User.Nickname, state.User.Avatar}
	}
	if state.Login != nil {
		giveCookies(w, r, state.Login)
	}
	if err := deliver(r.Context(), w, out); err != nil && state.GiveBack != nil {
		state.GiveBack()
	}
	return nil
}

// qrName is what the phone's routes take.
type qrName struct {
	Ticket string `json:"ticket"`
	Code   string `json:"code"`
}

func (n *qrName) read(r *request) (service.QRName, error) {
	if err := r.Bind(n); err != nil {
		return service.QRName{}, err
	}
	if n.Ticket == "" && n.Code == "" {
		return service.QRName{}, model.Invalid("ticket")
	}
	return service.QRName(*n), nil
}

// scanQRLogin tells a phone which device asks. It is where codes would be
// guessed, so it is bounded, for each user.
func (s *Server) scanQRLogin(_ http.ResponseWriter, r *request) (any, error) {
	name, err := new(qrName).read(r)
	if err != nil {
		return nil, err
	}
	if err := allow(s.Limits.QRScan, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return s.QRLogins.Scan(r.Context(), r.Session, name)
}

func (s *Server) confirmQRLogin(_ http.ResponseWriter, r *request) (any, error) {
	name, err := new(qrName).read(r)
	if err != nil {
		return nil, err
	}
	return nil, s.QRLogins.Confirm(r.Context(), r.Session, name)
}

func (s *Server) denyQRLogin(_ http.ResponseWriter, r *request) (any, error) {
	name, err := new(qrName).read(r)
	if err != nil {
		return nil, err
	}
	return nil, s.QRLogins.Deny(r.Context(), r.Session, name)
}
