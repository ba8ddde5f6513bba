package service_test

import (
	"log/slog"
	"testing"

	"hongyan/model"
	"hongyan/service"
)

func TestSearch(t *testing.T) {
	onChat(t, func(c *chat) {
		search := service.NewSearchService(c.db, slog.New(slog.DiscardHandler))
		t.Cleanup(search.Close)
		c.must(alice, text(bob, "灰度 5% 没有异常,可以继续放量。", ""))
		c.must(bob, room("今晚八点发版,大家看下灰度"))
		c.must(bob, text(alice, "Hello World, see the Report", ""))
		c.must(alice, model.Message{Cmd: 10, DstID: bob, Media: model.MediaFile, URL: "/mnt/x", Content: "回归测试报告.xlsx"})
		c.must(bob, room("geheim"))
		c.must(bob, model.Message{Cmd: model.CmdRecall, Kind: 11, DstID: group, Ref: 2})
		c.must(bob, room("falsch"))
		c.must(bob, model.Message{Cmd: model.CmdEdit, Kind: 11, DstID: group, Ref: 4, Content: "richtig"})
		find := func(user int64, q service.Query) []model.Message {
			t.Helper()
			list, err := search.Find(t.Context(), user, q)
			if err != nil {
				t.Fatalf("%+v: %v", q, err)
			}
			return list
		}
		for _, tt := range []struct {
			user int64
			q    service.Query
			want int
		}{
			{alice, service.Query{Text: "灰度"}, 2},
			{alice, service.Query{Text: "度"}, 2},
			{alice, service.Query{Text: "灰度 发版"}, 1},
			{alice, service.Query{Text: "灰度", Kind: 11, DstID: group}, 1},
			{bob, service.Query{Text: "报告"}, 1},
			{bob, service.Query{Text: "wor rep"}, 1},
			{bob, service.Query{Text: "the"}, 1},
			{bob, service.Query{Text: "geheim"}, 0},
			{bob, service.Query{Text: "falsch"}, 0},
			{bob, service.Query{Text: "richtig"}, 1},
			{carol, service.Query{Text: "灰度"}, 0},
			{alice, service.Query{Text: "灰度", Limit: 1}, 1},
			{alice, service.Query{Text: `灰度" OR tokens:*`}, 0},
		} {
			if list := find(tt.user, tt.q); len(list) != tt.want {
				t.Errorf("%d finds %d by %+v, want %d", tt.user, len(list), tt.q, tt.want)
			}
		}
		first := find(alice, service.Query{Text: "灰度", Limit: 1})[0]
		if first.Kind != 11 || first.Content != "今晚八点发版,大家看下灰度" {
			t.Errorf("newest %+v", first)
		}
		if next := find(alice, service.Query{Text: "灰度", Before: first.ID}); len(next) != 1 || next[0].Kind != 10 {
			t.Errorf("next page %+v", next)
		}
		for _, tt := range []struct {
			q    service.Query
			want model.Code
		}{
			{service.Query{Text: "?!"}, model.CodeInvalid},
			{service.Query{Text: "x", Kind: 3}, model.CodeInvalid},
			{service.Query{Text: "x", Kind: 11, DstID: group}, model.CodeNotMember},
		} {
			if _, err := search.Find(t.Context(), carol, tt.q); model.CodeOf(err) != tt.want {
				t.Errorf("%+v: %v, want %s", tt.q, err, tt.want)
			}
		}
	})
}
