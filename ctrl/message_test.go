package ctrl

import (
	"fmt"
	"net/url"
	"testing"

	"hongyan/model"
	"hongyan/service"
)

// TestSearchRoute narrows a search by every input, in both forms of a body.
func TestSearchRoute(t *testing.T) {
	v := newTalk(t)
	v.server.Search = service.NewSearchService(v.db, v.server.Log)
	t.Cleanup(v.server.Search.Close)
	group := v.found("open")
	v.say(v.ann, model.Message{Cmd: model.CmdRoom, DstID: group, Media: model.MediaText, Content: "灰度 https://example.test"})
	v.say(v.ben, model.Message{Cmd: model.CmdRoom, DstID: group, Media: model.MediaImage, URL: "/mnt/p", Memo: "灰度"})
	last := v.say(v.ben, model.Message{Cmd: model.CmdSingle, DstID: v.ann.ID, Media: model.MediaFile, URL: "/mnt/f", Content: "灰度.csv"})
	q := "q=" + url.QueryEscape("灰度")
	for input, want := range map[string]int{
		q: 3, q + "&media=4,8": 1, q + "&links=true": 1, fmt.Sprintf("%s&memberid=%d", q, v.ben.ID): 2,
		fmt.Sprintf("%s&from=%d", q, last.At+1): 0, fmt.Sprintf("%s&to=%d", q, last.At+1): 3,
		"media=10": 1, "links=true": 1, fmt.Sprintf(`{"kind":11,"dstid":%d,"media":[4]}`, group): 1, `{"q":"灰度","links":true,"limit":5}`: 1,
	} {
		var found []model.Message
		if v.ann.want("", "/message/search", input).into(t, &found); len(found) != want {
			t.Errorf("%s finds %d, want %d", input, len(found), want)
		}
	}
	for _, input := range []string{"", "q=%20", "media=0", "media=x", q + "&from=-1", q + "&from=9&to=3", q + "&memberid=-1"} {
		v.ann.want("invalid_argument", "/message/search", input)
	}
	v.cat.want("not_member", "/message/search", fmt.Sprintf("media=4&kind=11&dstid=%d", group))
	v.nobody().want("unauthenticated", "/message/search", q)
	// Whose a search is comes from the session alone.
	v.ann.want("forbidden", "/message/search", fmt.Sprintf("%s&userid=%d", q, v.ben.ID))
}
