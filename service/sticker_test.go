package service_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"

	"xorm.io/xorm"
)

const filesKey = "abcdefghijklmnopqrstuvwxy"

// keyOf is a name such as Upload gives.
func keyOf(n int) string { return fmt.Sprintf("%s%c", filesKey, 'a'+n) }

func onStickers(t *testing.T, fn func(c *chat, s *service.StickerService)) {
	onChat(t, func(c *chat) {
		c.exec(func(s *xorm.Session) error {
			for i, row := range []model.Attachment{
				{UserID: alice, Name: "猫.png", Type: "image/png", Width: 120, Height: 90, Size: 5000, Thumb: keyOf(0) + ".png"},
				{UserID: bob, Name: "狗.gif", Type: "image/gif", Width: 64, Height: 64, Size: 9000},
				{UserID: alice, Name: "big.jpg", Type: "image/jpeg", Size: 30 << 20, Thumb: keyOf(2) + "_s.jpg"},
				{UserID: alice, Name: "a.pdf", Type: "application/pdf", Size: 10},
			} {
				row.Key = keyOf(i)
				if _, err := s.Insert(&row); err != nil {
					return err
				}
			}
			return nil
		})
		fn(c, service.NewStickerService(c.db, c.now))
	})
}

func TestStickers(t *testing.T) {
	onStickers(t, func(c *chat, s *service.StickerService) {
		cat, err := s.Add(t.Context(), alice, service.NewSticker{URL: "/mnt/" + keyOf(0) + ".png"})
		if err != nil || cat.Name != "猫" || cat.Width != 120 || cat.URL != "/mnt/"+keyOf(0)+".png" || cat.Pic != cat.URL {
			t.Errorf("own upload %+v, %v", cat, err)
		}
		big, err := s.Add(t.Context(), alice, service.NewSticker{URL: "/mnt/" + keyOf(2) + ".jpg", Name: "大"})
		if err != nil || big.URL != "/mnt/"+keyOf(2)+"_s.jpg" || big.Name != "大" {
			t.Errorf("a large one %+v, %v", big, err)
		}
		c.wait(time.Second)
		if _, err := s.Add(t.Context(), alice, service.NewSticker{URL: cat.URL}); err != nil {
			t.Error(err)
		}
		list, err := s.List(t.Context(), alice)
		if err != nil || len(list) != 2 || list[0].URL != cat.URL || list[1].URL != big.URL {
			t.Errorf("list %+v, %v", list, err)
		}
		if list, err := s.List(t.Context(), bob); err != nil || len(list) != 0 {
			t.Errorf("another's list %+v, %v", list, err)
		}
		for _, user := range []int64{bob, alice, alice} {
			if err := s.Remove(t.Context(), user, list[0].ID); err != nil {
				t.Error(err)
			}
		}
		if list, _ = s.List(t.Context(), alice); len(list) != 1 {
			t.Errorf("after removing %+v", list)
		}
	})
}

func TestStickerOfAMessage(t *testing.T) {
	onStickers(t, func(c *chat, s *service.StickerService) {
		dog := "/mnt/" + keyOf(1) + ".gif"
		c.must(bob, model.Message{Cmd: model.CmdSingle, DstID: alice, Media: model.MediaEmoji, Content: "狗", URL: dog})
		c.must(bob, model.Message{Cmd: model.CmdSingle, DstID: alice, Media: model.MediaFile, Content: "狗", URL: dog})
		seen := service.NewSticker{Kind: model.KindSingle, DstID: bob, Seq: 1}
		got, err := s.Add(t.Context(), alice, seen)
		if err != nil || got.URL != dog || got.Width != 64 {
			t.Errorf("of a message %+v, %v", got, err)
		}
		file, elsewhere := seen, seen
		file.Seq, elsewhere.Seq = 2, 9
		for name, call := range map[string]struct {
			user int64
			in   service.NewSticker
			code model.Code
		}{
			"another's upload":    {alice, service.NewSticker{URL: dog}, model.CodeNotFound},
			"a stranger":          {carol, seen, model.CodeNotFound},
			"a file":              {alice, file, model.CodeNotFound},
			"no message":          {alice, elsewhere, model.CodeNotFound},
			"elsewhere":           {alice, service.NewSticker{URL: "https://x.test/a.png"}, model.CodeNotFound},
			"nonsense":            {alice, service.NewSticker{URL: "/mnt/../x.png"}, model.CodeNotFound},
			"not a picture":       {alice, service.NewSticker{URL: "/mnt/" + keyOf(3) + ".pdf"}, model.CodeUnsupportedMedia},
			"a name of two lines": {alice, service.NewSticker{URL: "/mnt/" + keyOf(0) + ".png", Name: "a\nb"}, model.CodeInvalid},
		} {
			if got, err := s.Add(t.Context(), call.user, call.in); model.CodeOf(err) != call.code {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	})
}

func TestTooManyStickers(t *testing.T) {
	onStickers(t, func(c *chat, s *service.StickerService) {
		c.exec(func(x *xorm.Session) error {
			for i := range model.MaxStickers {
				if _, err := x.Insert(&model.Sticker{UserID: alice, Key: fmt.Sprint(i)}); err != nil {
					return err
				}
			}
			return nil
		})
		_, err := s.Add(t.Context(), alice, service.NewSticker{URL: "/mnt/" + keyOf(0) + ".png"})
		if !errors.Is(err, &model.Error{Code: model.CodeConflict, Key: "stickers"}) {
			t.Errorf("one too many: %v", err)
		}
	})
}
