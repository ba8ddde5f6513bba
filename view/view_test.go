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

func TestPagesAreRoutesAndFragmentsAreNot(t *testing.T) {
	v, err := view.New(stub{}, stub{}, "zh-CN", "en")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/chat/createcom.shtml", "/chat/index.shtml", "/user/login.shtml", "/user/register.shtml"}
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
