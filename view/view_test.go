package view_test

import (
	"slices"
	"strings"
	"testing"

	"hongyan/view"
)

type stub struct{}

func (stub) T(_, key string, _ any) string                { return key }
func (stub) Path(name string) string                      { return "/a/x/" + name }
func (stub) Modules(_ string, entries ...string) []string { return entries }
func (stub) Sheet(name string) string                     { return "/* " + name + " */" }

func TestPagesAreRoutesAndFragmentsAreNot(t *testing.T) {
	v, err := view.New(stub{}, stub{}, "zh-CN", "en")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/chat/createcom.shtml", "/chat/index.shtml", "/chat/offline.shtml", "/trust.shtml", "/user/login.shtml", "/user/register.shtml"}
	if got := v.Pages(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestRenderWritesNothingOnFailure(t *testing.T) {
	v, err := view.New(stub{}, stub{}, "en")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := v.Render(&out, "/chat/index.shtml", &view.Form{Common: view.Common{Lang: "en"}}); err == nil || out.Len() > 0 {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
	if err := v.Render(&out, "/user/login.shtml", &view.Form{Common: view.Common{Lang: "fr"}}); err == nil {
		t.Error("a language that there is not was rendered")
	}
}

// The login paints with one small sheet within the page: neither the client's
// styles nor any module stand before it. The client's sheet comes within the page
// to browsers that do not have it. What shows the code comes after, and is all there is.
func TestFormsDoWithoutTheClient(t *testing.T) {
	v, err := view.New(stub{}, stub{}, "en")
	if err != nil {
		t.Fatal(err)
	}
	var form, app, again strings.Builder
	if err := v.Render(&form, "/user/login.shtml", &view.Form{Common: view.Common{Lang: "en"}}); err != nil {
		t.Fatal(err)
	}
	if err := v.Render(&app, "/chat/index.shtml", &view.App{Common: view.Common{Lang: "en"}}); err != nil {
		t.Fatal(err)
	}
	if err := v.Render(&again, "/chat/index.shtml", &view.App{Common: view.Common{Lang: "en", Styled: true}}); err != nil {
		t.Fatal(err)
	}
	if page := form.String(); strings.Contains(page, `rel="stylesheet"`) || strings.Count(page, "<style>/* auth.css */</style>") != 1 || strings.Count(page, ".js") != 1 || strings.Index(page, "js/login/qr.js") < strings.Index(page, "</form>") {
		t.Error(page)
	}
	if page := app.String(); strings.Contains(page, `rel="stylesheet"`) || strings.Count(page, "<style>/* app.css */</style>") != 1 {
		t.Error(page)
	}
	if page := again.String(); strings.Count(page, `rel="stylesheet"`) != 1 || !strings.Contains(page, "/a/x/app.css") || strings.Contains(page, "<style>") {
		t.Error(page)
	}
}
