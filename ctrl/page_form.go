package ctrl

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"hongyan/model"
	"hongyan/view"
)

// form reads the fields of a plain form that may be shown again: a password is
// none of them.
func (p *pages) form(r *request, names ...string) (*view.Form, error) {
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			return nil, bodyError(err, "form")
		}
	}
	f := &view.Form{Common: p.common(r), Values: map[string]string{}, Faults: map[string]string{}}
	for _, name := range names {
		f.Values[name] = strings.TrimSpace(r.PostFormValue(name))
	}
	if next := r.FormValue("next"); next != "" {
		f.Next = localPath(next)
	}
	return f, nil
}

// again shows a form once more, with what was typed and what is wrong at its field.
func (p *pages) again(w http.ResponseWriter, r *request, name string, f *view.Form, err error) error {
	code, text := p.explain(r.Context(), r.Lang, r.ID, err)
	f.Faults[fieldFault(err)] = text
	if e, ok := errors.AsType[*model.Error](err); ok && e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	return p.render(w, r, status(code), name, f)
}

func (p *pages) loginPage(w http.ResponseWriter, r *request) error {
	f, err := p.form(r)
	if err != nil {
		return err
	}
	if r.Session != nil {
		http.Redirect(w, r.Request, localPath(f.Next), http.StatusSeeOther)
		return nil
	}
	if _, err := r.Cookie(cookieName(r.Request)); err == nil {
		f.Notice = p.Locale.T(r.Lang, "login.ended", nil)
	}
	return p.render(w, r, http.StatusOK, "/user/login.shtml", f)
}

func (p *pages) login(w http.ResponseWriter, r *request) error {
	f, err := p.form(r, "mobile")
	if err != nil {
		return err
	}
	if err := p.source.Login(w, r); err != nil {
		return p.again(w, r, "/user/login.shtml", f, err)
	}
	http.Redirect(w, r.Request, localPath(f.Next), http.StatusSeeOther)
	return nil
}

func (p *pages) registerPage(w http.ResponseWriter, r *request) error {
	f, err := p.form(r)
	if err != nil {
		return err
	}
	if r.Session != nil {
		http.Redirect(w, r.Request, localPath(f.Next), http.StatusSeeOther)
		return nil
	}
	return p.render(w, r, http.StatusOK, "/user/register.shtml", f)
}

func (p *pages) registerUser(w http.ResponseWriter, r *request) error {
	f, err := p.form(r, "mobile", "nickname")
	if err != nil {
		return err
	}
	if err := p.source.Register(w, r); err != nil {
		return p.again(w, r, "/user/register.shtml", f, err)
	}
	http.Redirect(w, r.Request, localPath(f.Next), http.StatusSeeOther)
	return nil
}

// createGroup is the form of /chat/createcom.shtml where no module runs.
func (p *pages) createGroup(w http.ResponseWriter, r *request) error {
	if r.Session == nil {
		toLogin(w, r)
		return nil
	}
	f, err := p.form(r, "name", "memo")
	if err != nil {
		return err
	}
	var members []int64
	for _, text := range r.PostForm["members"] {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return model.Invalid("members")
		}
		members = append(members, id)
	}
	group := &model.Community{Name: f.Values["name"], Memo: f.Values["memo"]}
	id, err := p.source.CreateGroup(r.Context(), r.UserID(), group, members)
	if err != nil {
		code, text := p.explain(r.Context(), r.Lang, r.ID, err)
		f.Faults[fieldFault(err)] = text
		return p.renderApp(w, r, status(code), f, nil)
	}
	http.Redirect(w, r.Request, fmt.Sprintf("/c/%d-%d", model.KindRoom, id), http.StatusSeeOther)
	return nil
}
