package ctrl

import (
	"fmt"
	"net/http"
	"strconv"

	"hongyan/model"
	"hongyan/service"
	"hongyan/view"
)

// Paths of what a code leads to: a place in a group, somebody's card.
const (
	joinPath = "/join/"
	cardPath = "/u/"
)

// joinPage shows where a link leads, to whoever has it.
func (p *pages) joinPage(w http.ResponseWriter, r *request) error {
	return p.showInvite(w, r, http.StatusOK, nil)
}

func (p *pages) showInvite(w http.ResponseWriter, r *request, code int, fault error) error {
	var reader int64
	if r.Session != nil {
		reader = r.UserID()
	}
	token := r.PathValue("token")
	found, err := p.Communities.Invitation(r.Context(), reader, token)
	if err != nil {
		return err
	}
	data := &view.Invite{
		Common: p.common(r), Group: true, ID: found.Group.ID, Name: found.Group.Name, Picture: found.Group.Icon, Memo: found.Group.Memo,
		Size: found.Group.Size, By: found.Inviter.Nickname, SignedIn: reader != 0, Asks: found.Asks, Here: joinPath + token,
	}
	if found.Member {
		data.Open = chatOf(model.KindRoom, found.Group.ID)
	}
	if found.Expires > 0 {
		data.Until = p.clock(r).date(found.Expires)
	}
	return p.offer(w, r, code, data, fault)
}

// offer renders an invitation, and why it could not be taken if it could not.
func (p *pages) offer(w http.ResponseWriter, r *request, code int, data *view.Invite, fault error) error {
	if fault != nil {
		_, data.Fault = p.explain(r.Context(), r.Lang, r.ID, fault)
	}
	return p.render(w, r, code, "invite-page", data)
}

func chatOf(kind int, id int64) string { return fmt.Sprintf("/c/%d-%d", kind, id) }

// join is the form of joinPage.
func (p *pages) join(w http.ResponseWriter, r *request) error {
	if r.Session == nil {
		toLogin(w, r)
		return nil
	}
	if err := allow(p.Limits.Ask, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return p.showInvite(w, r, http.StatusTooManyRequests, err)
	}
	id, state, err := p.Communities.JoinByInvite(r.Context(), r.UserID(), r.PathValue("token"), r.PostFormValue("memo"))
	switch {
	case err != nil && model.CodeOf(err) == model.CodeNotFound:
		return err
	case err != nil && model.CodeOf(err) != model.CodeAlreadyMember:
		return p.showInvite(w, r, status(model.CodeOf(err)), err)
	case err == nil && state == service.RequestedGroup:
		return p.render(w, r, http.StatusOK, "invite-page", &view.Invite{Common: p.common(r), Group: true, SignedIn: true, Sent: true, Open: "/"})
	case err != nil: // in it already: the page knows the group
		return p.showInvite(w, r, http.StatusOK, nil)
	}
	http.Redirect(w, r.Request, chatOf(model.KindRoom, id), http.StatusSeeOther)
	return nil
}

// addPage shows somebody's card, as their code leads to it, to people with an account.
func (p *pages) addPage(w http.ResponseWriter, r *request) error {
	return p.showCard(w, r, http.StatusOK, nil)
}

func (p *pages) showCard(w http.ResponseWriter, r *request, code int, fault error) error {
	if r.Session == nil {
		toLogin(w, r)
		return nil
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id <= 0 || id > model.MaxID {
		return model.Fail(model.CodeNotFound)
	}
	if err := allow(p.Limits.Find, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return err
	}
	user, err := p.Users.Find(r.Context(), r.UserID(), id, "")
	if err != nil {
		return err
	}
	data := &view.Invite{Common: p.common(r), ID: user.ID, Name: user.Nickname, Picture: user.Avatar, Memo: user.Memo,
		SignedIn: true, Asks: true, Here: cardPath + strconv.FormatInt(id, 10), Own: id == r.UserID()}
	friends, err := p.source.Friends(r.Context(), r.UserID())
	if err != nil {
		return err
	}
	for _, f := range friends {
		if f.ID == id {
			data.Open = chatOf(model.KindSingle, id)
		}
	}
	return p.offer(w, r, code, data, fault)
}

// add is the form of addPage: it asks, as far as that person lets people ask.
func (p *pages) add(w http.ResponseWriter, r *request) error {
	if r.Session == nil {
		toLogin(w, r)
		return nil
	}
	if err := allow(p.Limits.Ask, strconv.FormatInt(r.UserID(), 10)); err != nil {
		return p.showCard(w, r, http.StatusTooManyRequests, err)
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return model.Fail(model.CodeNotFound)
	}
	state, err := p.Contacts.Ask(r.Context(), r.UserID(), id, "", r.PostFormValue("memo"))
	switch {
	case err != nil && model.CodeOf(err) == model.CodeNotFound:
		return err
	case err != nil && model.CodeOf(err) != model.CodeAlreadyFriend:
		return p.showCard(w, r, status(model.CodeOf(err)), err)
	case state == service.StatusRequested:
		return p.render(w, r, http.StatusOK, "invite-page", &view.Invite{Common: p.common(r), SignedIn: true, Sent: true, Open: "/"})
	}
	http.Redirect(w, r.Request, chatOf(model.KindSingle, id), http.StatusSeeOther)
	return nil
}
