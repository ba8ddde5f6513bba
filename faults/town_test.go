//go:build linux

package faults

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hongyan/client"
	"hongyan/model"
)

// town is four people, two pairs of friends and a group of all, and what they
// were promised. It outlives the servers that they talk to.
type town struct {
	*testing.T
	people []*person
	group  int64
	tally  string // of this town, in its cids and numbers

	mu       sync.Mutex
	acks     map[string]model.Message // by cid
	refused  map[model.Code]int
	files    map[string][32]byte // by URL
	accounts map[int64]string    // tokens by id
	drops    int                 // sockets that ended
	longest  time.Duration       // between a message and its refusal

	cids, acked atomic.Int64
}

type person struct {
	token, mobile string
	id, friend    int64
}

func newTown(t *testing.T, address string) *town {
	t.Helper()
	w := &town{
		T: t, tally: rand.Text()[:6], acks: map[string]model.Message{}, refused: map[model.Code]int{},
		files: map[string][32]byte{}, accounts: map[int64]string{},
	}
	var clients []*client.Client
	for range 4 {
		c := client.New(address)
		t.Cleanup(c.Close)
		w.ok(w.register(t.Context(), c))
		clients = append(clients, c)
		w.people = append(w.people, &person{token: c.Token(), mobile: c.User().Mobile, id: c.User().ID})
	}
	var members []int64
	for i, p := range w.people {
		p.friend = w.people[i^1].id
		w.ok(clients[i].Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": p.friend}, nil))
		if i > 1 { // the founder's friends may be asked in
			w.ok(clients[i].Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": w.people[0].id}, nil))
			w.ok(clients[0].Post(t.Context(), "/contact/addfriend", map[string]any{"dstid": p.id}, nil))
		}
		if i > 0 {
			members = append(members, p.id)
		}
	}
	var g struct{ ID int64 }
	w.ok(clients[0].Post(t.Context(), "/contact/createcommunity", map[string]any{"name": "town", "members": members}, &g))
	w.group = g.ID
	return w
}

func (w *town) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *town) client(i int, address string) *client.Client {
	c := client.New(address)
	c.SetToken(w.people[i].token)
	return c
}

// registered makes an account.
func registered(t *testing.T, address string) (*client.Client, error) {
	t.Helper()
	c := client.New(address)
	t.Cleanup(c.Close)
	return c, c.Register(t.Context(), someMobile(), "a good password", "somebody")
}

// register makes an account and notes it once it was granted.
func (w *town) register(ctx context.Context, c *client.Client) error {
	if err := c.Register(ctx, someMobile(), "a good password", "somebody"); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accounts[c.User().ID] = c.Token()
	return nil
}

func someMobile() string { return fmt.Sprintf("+86%011d", mathrand.Int64N(1e11)) }

// talk lets everybody write, with that many messages under way each, until ctx
// ends. Whoever loses the line or is refused for now tries the same message
// again.
func (w *town) talk(ctx context.Context, address string, hands int) {
	var all sync.WaitGroup
	for i := range w.people {
		all.Go(func() { w.person(ctx, address, i, hands) })
	}
	all.Wait()
}

func (w *town) person(ctx context.Context, address string, i, hands int) {
	c := w.client(i, address)
	defer c.Close()
	left := make([]model.Message, hands) // what each hand has not got an ack of
	for ctx.Err() == nil {
		s, err := c.Dial(ctx)
		if err != nil {
			pause(ctx)
			continue
		}
		go func() {
			for range s.Frames { // read, or the server takes it for slow
			}
		}()
		var all sync.WaitGroup
		for hand := range hands {
			all.Go(func() { w.hand(ctx, s, i, &left[hand]) })
		}
		all.Wait()
		if ctx.Err() == nil {
			w.mu.Lock()
			w.drops++
			w.mu.Unlock()
		}
		s.Close()
	}
}

func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(20 * time.Millisecond):
	}
}

// hand writes one message after the other until its socket or ctx ends.
func (w *town) hand(ctx context.Context, s *client.Socket, i int, m *model.Message) {
	for ctx.Err() == nil {
		if m.CID == "" {
			n := w.cids.Add(1)
			*m = model.Message{Cmd: model.CmdSingle, DstID: w.people[i].friend, Media: model.MediaText, CID: fmt.Sprintf("%s-%d", w.tally, n)}
			if n%2 == 0 {
				m.Cmd, m.DstID = model.CmdRoom, w.group
			}
			m.Content = m.CID + " 鸿雁"
		}
		began := time.Now()
		ack, err := s.Send(ctx, *m)
		if err == nil {
			w.note(m.CID, ack)
			*m = model.Message{}
			continue
		}
		refusal, ok := errors.AsType[*client.Error](err)
		if !ok {
			return // the line is gone
		}
		w.mu.Lock()
		w.refused[refusal.Code]++
		w.longest = max(w.longest, time.Since(began))
		w.mu.Unlock()
		pause(ctx)
	}
}

func (w *town) note(cid string, ack model.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acks[cid] = ack
	w.acked.Add(1)
}

// store uploads one file after the other until ctx ends.
func (w *town) store(ctx context.Context, address string) {
	c := w.client(0, address)
	defer c.Close()
	for n := 0; ctx.Err() == nil; n++ {
		_, _ = w.upload(ctx, c, 1000+n%7*9000) // what fails was not promised
		pause(ctx)
	}
}

// grow registers one account after the other until ctx ends.
func (w *town) grow(ctx context.Context, address string) {
	for ctx.Err() == nil {
		c := client.New(address)
		_ = w.register(ctx, c)
		c.Close()
		pause(ctx)
	}
}

// upload puts a file of chance there, and notes it once its URL is given.
func (w *town) upload(ctx context.Context, c *client.Client, size int) (url string, err error) {
	content := make([]byte, size)
	_, _ = rand.Read(content)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "chance.bin")
	if err == nil {
		_, err = part.Write(content)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Address()+"/attach/upload", &body)
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Authorization", "Bearer "+c.Token())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	var out struct {
		Error model.Code
		Data  string
	}
	if err := json.NewDecoder(answer.Body).Decode(&out); err != nil || out.Error != "" {
		return "", errors.Join(&client.Error{Status: answer.StatusCode, Code: out.Error}, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.files[out.Data] = sha256.Sum256(content)
	return out.Data, nil
}

// get reads a file as its owner.
func (w *town) get(ctx context.Context, address, url string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+w.people[0].token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// keyOf is the store's name of a file.
func keyOf(url string) string {
	key, _, _ := strings.Cut(strings.TrimPrefix(url, "/mnt/"), ".")
	return key
}
