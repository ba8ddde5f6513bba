package ctrl

import (
	"bytes"
	"errors"
	"mime/multipart"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"hongyan/model"
)

type bound struct {
	Name string  `json:"name"`
	ID   int64   `json:"id"`
	On   bool    `json:"on"`
	IDs  []int64 `json:"ids"`
	Memo *string `json:"memo"`
	Role *int    `json:"role"`
}

func bind(contentType, body string) (bound, error) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	var in bound
	err := (&request{Request: r, Session: &model.Session{UserID: 7}}).Bind(&in)
	return in, err
}

const formType = "application/x-www-form-urlencoded"

func TestBindReadsEveryFormAlike(t *testing.T) {
	empty := ""
	want := bound{Name: "张三", ID: 5, On: true, IDs: []int64{1, 2}, Memo: &empty}
	var multi bytes.Buffer
	mw := multipart.NewWriter(&multi)
	for k, v := range map[string]string{"name": "张三", "id": "5", "on": "true", "ids": "1,2", "memo": ""} {
		if err := mw.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	_ = mw.Close()
	for _, tt := range []struct{ kind, body string }{
		{formType, "name=%E5%BC%A0%E4%B8%89&id=5&on=true&ids=1,2&memo=&userid=7"},
		{formType, "name=%E5%BC%A0%E4%B8%89&id=5&on=1&ids=1&ids=2&memo="},
		{"", "name=%E5%BC%A0%E4%B8%89&id=5&on=1&ids=1&ids=2&memo="},
		{"application/json", `{"name":"张三","id":5,"on":true,"ids":[1,2],"memo":"","role":null,"userid":7}`},
		{"application/json; charset=utf-8", `{"name":"张三","id":"5","on":"true","ids":["1",2],"memo":"","ownerid":"7"}`},
		{mw.FormDataContentType(), multi.String()},
	} {
		got, err := bind(tt.kind, tt.body)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s: %+v, %v", tt.kind, tt.body, got, err)
		}
	}
}

func TestBindRefuses(t *testing.T) {
	for _, tt := range []struct {
		kind, body string
		want       *model.Error
	}{
		{"application/json", `{"id":1.5}`, model.Invalid("id")},
		{"application/json", `{"id":9007199254740993}`, model.Invalid("id")},
		{"application/json", `{"id":[1]}`, model.Invalid("id")},
		{"application/json", `{"on":"maybe"}`, model.Invalid("on")},
		{"application/json", `{"ids":{"a":1}}`, model.Invalid("ids")},
		{"application/json", `{"ids":[0]}`, model.Invalid("ids")},
		{"application/json", `[1]`, model.Invalid("json")},
		{"application/json", `{"id":1`, model.Invalid("json")},
		{"application/json", "{\"name\":\"\xff\"}", model.Invalid("json")},
		{"application/json", `{"userid":8}`, model.Fail(model.CodeForbidden)},
		{formType, "ownerid=8", model.Fail(model.CodeForbidden)},
		{formType, "name=%ff", model.Invalid("name")},
		{formType, "id=x", model.Invalid("id")},
		{"multipart/form-data", "x", model.Invalid("form")},
		{"text/xml", "<a/>", model.Fail(model.CodeUnsupportedMedia)},
	} {
		if _, err := bind(tt.kind, tt.body); !errors.Is(err, tt.want) {
			t.Errorf("%s %s: got %v, want %v", tt.kind, tt.body, err, tt.want)
		}
	}
}

func FuzzBind(f *testing.F) {
	f.Add(formType, "name=a&id=1&ids=1,2")
	f.Add("application/json", `{"name":"a","id":1,"ids":[1,"2"],"on":true}`)
	f.Add("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n1\r\n--x--")
	f.Fuzz(func(_ *testing.T, kind, body string) {
		_, _ = bind(kind, body)
	})
}

func TestRoutesTakePostsAlone(t *testing.T) {
	s := newSite(t, false)
	for method, want := range map[string]int{"GET": 405, "PUT": 405, "DELETE": 405, "POST": 401} {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest(method, "http://hongyan.test/user/me", nil))
		allowed := w.Header().Get("Allow")
		if w.Code != want || (allowed == "POST") != (want == 405) {
			t.Errorf("%s: %d, Allow %q, %s", method, w.Code, allowed, w.Body)
		}
	}
}
