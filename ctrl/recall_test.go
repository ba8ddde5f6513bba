package ctrl

import (
	"fmt"
	"testing"

	"hongyan/model"
)

func TestRecallRoute(t *testing.T) {
	v := newTalk(t)
	group := v.found("open")
	m := v.say(v.ben, model.Message{Cmd: model.CmdRoom, DstID: group, Media: model.MediaText, Content: "算了"})
	v.say(v.ben, model.Message{Cmd: model.CmdRecall, Kind: model.KindRoom, DstID: group, Ref: m.Seq})
	ask := fmt.Sprintf("dstid=%d", group)
	var list []model.Recall
	v.ann.want("", "/message/recalled", ask).into(t, &list)
	if len(list) != 1 || list[0].UserID != v.ben.ID || list[0].AuthorID != v.ben.ID || list[0].Ref != m.Seq {
		t.Errorf("%+v", list)
	}
	v.ben.want("forbidden", "/message/recalled", ask)
	v.cat.want("not_member", "/message/recalled", ask)
	v.nobody().want("unauthenticated", "/message/recalled", ask)
	v.ann.want("invalid_argument", "/message/recalled", ask+"&before=-1")
	v.ann.want("invalid_argument", "/message/recalled", "")
}
