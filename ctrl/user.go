package ctrl

import (
	"net"
	"net/http"
	"strconv"

	"hongyan/model"
	"hongyan/service"
)

// deviceLife is for how long a device is known by its proof, in seconds.
const deviceLife = 365 * 24 * 3600

// ownUser is what signing in answers.
type ownUser struct {
	model.User
	Token string `json:"token"`
}

func (s *Server) register(w http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Mobile   string  `json:"mobile"`
		Passwd   string  `json:"passwd"`
		Nickname *string `json:"nickname"`
		Avatar   *string `json:"avatar"`
		Sex      *string `json:"sex"`
		Memo     *string `json:"memo"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	registration := service.Registration{
		Mobile: in.Mobile, Passwd: in.Passwd, Device: r.device(),
		Profile: service.Profile{Nickname: in.Nickname, Avatar: in.Avatar, Sex: in.Sex, Memo: in.Memo},
	}
	if err := registration.Valid(); err != nil { // a slip of the finger is no attempt
		return nil, err
	}
	if err := allow(s.Limits.Register, limitKey(r.address())); err != nil {
		return nil, err
	}
	login, err := s.Users.Register(r.Context(), registration)
	return s.signedIn(w, r, login, err)
}

func (s *Server) login(w http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Mobile string `json:"mobile"`
		Passwd string `json:"passwd"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	credentials := service.Credentials{
		Mobile: in.Mobile, Passwd: in.Passwd, Device: r.device(), Address: limitKey(r.address()), Session: r.Session,
	}
	if cookie, err := r.Cookie(deviceCookie(r.Request)); err == nil {
		credentials.Proof = cookie.Value
	}
	login, err := s.Users.Login(r.Context(), credentials)
	return s.signedIn(w, r, login, err)
}

// signedIn answers a login and gives the browser its cookies.
func (s *Server) signedIn(w http.ResponseWriter, r *request, login *service.Login, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	giveCookies(w, r, login)
	return ownUser{User: *login.User, Token: login.Token}, nil
}

// giveCookies gives the browser those of its new session.
func giveCookies(w http.ResponseWriter, r *request, login *service.Login) {
	setCookie(w, r.Request, cookieName(r.Request), login.Token, int(service.SessionLife.Seconds()))
	setCookie(w, r.Request, deviceCookie(r.Request), login.Proof, deviceLife)
}

// deviceCookie is the name of the cookie by which a device is known again. It
// signs nobody in; it keeps strangers' wrong passwords from locking it out.
func deviceCookie(r *http.Request) string { return cookieName(r) + "_device" }

// setCookie sets a cookie that scripts cannot read; one with a negative age is removed.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: isTLS(r), SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) logout(w http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	err := s.Devices.End(r.Context(), r.UserID(), r.Session.ID)
	if err != nil && model.CodeOf(err) != model.CodeNotFound { // not found: two logouts at once
		return nil, err
	}
	setCookie(w, r.Request, cookieName(r.Request), "", -1)
	return nil, nil
}

// me answers who is signed in, and lets the cookie live on with the session.
func (s *Server) me(w http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	cookie, err := r.Cookie(cookieName(r.Request))
	if err == nil && r.Header.Get("Authorization") == "" {
		setCookie(w, r.Request, cookie.Name, cookie.Value, int(service.SessionLife.Seconds()))
	}
	return s.Users.ByID(r.Context(), r.UserID())
}

func (s *Server) findUser(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		ID     int64  `json:"id"`
		Mobile string `json:"mobile"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Find, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	return s.Users.Find(r.Context(), r.UserID(), in.ID, in.Mobile)
}

func (s *Server) updateUser(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Nickname *string `json:"nickname"`
		Avatar   *string `json:"avatar"`
		Sex      *string `json:"sex"`
		Memo     *string `json:"memo"`
		Addable  *string `json:"addable"`

		HideOnline *bool `json:"hideonline"`
		HideRead   *bool `json:"hideread"`
		HideTyping *bool `json:"hidetyping"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return s.Users.Update(r.Context(), r.UserID(), service.Profile(in))
}

func (s *Server) changePassword(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		Old    string `json:"old"`
		Passwd string `json:"passwd"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	return nil, s.Users.ChangePassword(r.Context(), r.Session, in.Old, in.Passwd)
}

func (s *Server) listSessions(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	list, err := s.Devices.List(r.Context(), r.UserID(), r.Session.ID)
	return rows{Rows: list}, err
}

func (s *Server) revokeSession(_ http.ResponseWriter, r *request) (any, error) {
	var in struct {
		ID int64 `json:"id"`
	}
	if err := r.Bind(&in); err != nil {
		return nil, err
	}
	if in.ID <= 0 {
		return nil, model.Invalid("id")
	}
	return nil, s.Devices.End(r.Context(), r.UserID(), in.ID)
}

func (s *Server) ticket(_ http.ResponseWriter, r *request) (any, error) {
	if err := r.Bind(&struct{}{}); err != nil {
		return nil, err
	}
	if err := allow(s.Limits.Ticket, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return nil, err
	}
	ticket, expires, err := s.Devices.Ticket(r.Context(), r.Session, r.Header.Get("Origin"))
	return map[string]any{"ticket": ticket, "expires": expires}, err
}

// address is the caller's: the edge's word for it, or the peer's where there is no edge.
func (r *request) address() string {
	if address := ClientAddress(r.Context()); address != "" {
		return address
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// device is what is known of where the caller sits.
func (r *request) device() service.Device {
	return service.Device{Name: deviceName(r.UserAgent()), Address: r.address()}
}
