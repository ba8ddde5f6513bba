package service_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

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
			{alice, service.Query{Text: "灰度", Kind: 11}, 1},
			{alice, service.Query{Text: "灰度", Kind: 10}, 1},
			{carol, service.Query{Text: "灰度", Kind: 11}, 0},
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
			{service.Query{Text: "😀"}, model.CodeInvalid},
			{service.Query{Text: "x", Kind: 3}, model.CodeInvalid},
			{service.Query{Text: "x", DstID: bob}, model.CodeInvalid},
			{service.Query{Text: "x", Kind: 11, DstID: group}, model.CodeNotMember},
		} {
			if _, err := search.Find(t.Context(), carol, tt.q); model.CodeOf(err) != tt.want {
				t.Errorf("%+v: %v, want %s", tt.q, err, tt.want)
			}
		}
	})
}

// Filters narrow what words find, and find by themselves what has no words.
func TestSearchFilters(t *testing.T) {
	onChat(t, func(c *chat) {
		search := service.NewSearchService(c.db, slog.New(slog.DiscardHandler))
		t.Cleanup(search.Close)
		start := c.now().UnixMilli()
		c.must(alice, text(bob, "看 https://example.test/灰度", ""))
		c.must(bob, model.Message{Cmd: 10, DstID: alice, Media: model.MediaImage, URL: "/mnt/p", Memo: "灰度截图"})
		c.wait(time.Hour)
		c.must(bob, model.Message{Cmd: 10, DstID: alice, Media: model.MediaFile, URL: "/mnt/f", Content: "灰度.xlsx"})
		c.must(bob, room("灰度 www.example.test"))
		c.must(alice, model.Message{Cmd: 11, DstID: group, Media: model.MediaImage, URL: "/mnt/q"})
		c.must(alice, model.Message{Cmd: 11, DstID: group, Media: model.MediaImage, URL: "/mnt/gone"})
		c.must(alice, model.Message{Cmd: model.CmdRecall, Kind: 11, DstID: group, Ref: 3})
		later := start + time.Minute.Milliseconds()
		for _, tt := range []struct {
			name string
			user int64
			q    service.Query
			want int
		}{
			{"words and a medium", alice, service.Query{Text: "灰度", Filter: service.Filter{Media: []int64{model.MediaImage}}}, 1},
			{"words and links", alice, service.Query{Text: "灰度", Filter: service.Filter{Links: true}}, 2},
			{"words of one person", alice, service.Query{Text: "灰度", Filter: service.Filter{MemberID: alice}}, 1},
			{"words since", alice, service.Query{Text: "灰度", Filter: service.Filter{From: later}}, 2},
			{"words before", alice, service.Query{Text: "灰度", Filter: service.Filter{To: later}}, 2},
			{"pictures, none that was taken back", bob, service.Query{Filter: service.Filter{Media: []int64{model.MediaImage, model.MediaVideo}}}, 2},
			{"pictures of one conversation", bob, service.Query{Kind: 11, DstID: group, Filter: service.Filter{Media: []int64{model.MediaImage}}}, 1},
			{"a day", bob, service.Query{Filter: service.Filter{From: later, To: later + 2*time.Hour.Milliseconds()}}, 3},
			{"nothing for strangers", carol, service.Query{Filter: service.Filter{From: 1}}, 0},
		} {
			list, err := search.Find(t.Context(), tt.user, tt.q)
			if err != nil || len(list) != tt.want {
				t.Errorf("%s: %d messages, %v; want %d", tt.name, len(list), err, tt.want)
			}
		}
		all := service.Query{Limit: 2, Filter: service.Filter{From: 1}}
		var seen []int64
		for {
			list, err := search.Find(t.Context(), alice, all)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range list {
				seen = append(seen, m.ID)
			}
			if len(list) < all.Limit {
				break
			}
			all.Before = list[len(list)-1].ID
		}
		if len(seen) != 5 || !slices.IsSortedFunc(seen, func(a, b int64) int { return int(b - a) }) {
			t.Errorf("pages give %v", seen)
		}
		for name, q := range map[string]service.Query{
			"q":        {},
			"media":    {Text: "x", Filter: service.Filter{Media: []int64{0}}},
			"from":     {Text: "x", Filter: service.Filter{From: -1}},
			"to":       {Text: "x", Filter: service.Filter{From: 5, To: 5}},
			"memberid": {Text: "x", Filter: service.Filter{MemberID: -1}},
		} {
			if _, err := search.Find(t.Context(), alice, q); model.CodeOf(err) != model.CodeInvalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
