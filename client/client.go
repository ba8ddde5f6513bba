// Package client speaks to a server as its users do: the JSON routes and /chat.
// Bots, the load generator, the delivery checker and the tests are built on it.
// It imports the model and no package of the server.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"hongyan/model"
)

const (
	// dialTimeout bounds one attempt on one address, so that one which answers
	// nothing costs little before the next is tried.
	dialTimeout = 3 * time.Second
	// requestTimeout bounds a call of a JSON route.
	requestTimeout = 30 * time.Second
	// maxAnswer bounds an answer: a page of the largest messages.
	maxAnswer = 32 << 20
)

// Error is a failure that the server told.
type Error struct {
	Status     int // of the HTTP answer; zero for an error frame
	Code       model.Code
	Msg        string
	RetryAfter time.Duration
}

// Error says the code and the server's sentence.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Msg }

// Unwrap gives the model's error, so that model.CodeOf finds the code.
func (e *Error) Unwrap() error { return &model.Error{Code: e.Code, RetryAfter: e.RetryAfter} }

// Client is one user's way to a server. It is safe for concurrent use.
type Client struct {
	http *http.Client

	mu        sync.Mutex // guards the following
	addresses []string
	pace      pace
	token     string
	user      model.User
}

// New makes a client of the server at an address such as http://localhost:8080.
// If there are several addresses of one cluster, they are tried in turn.
func New(addresses ...string) *Client {
	dialer := net.Dialer{Timeout: dialTimeout}
	c := &Client{pace: usualPace(), http: &http.Client{
		Timeout:   requestTimeout,
		Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute},
	}}
	for _, a := range addresses {
		c.addresses = append(c.addresses, strings.TrimRight(a, "/"))
	}
	return c
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Address is the one that is used now.
func (c *Client) Address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addresses[0]
}

// rotate puts an address that failed behind the others.
func (c *Client) rotate(failed string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.addresses[0] == failed {
		c.addresses = append(c.addresses[1:len(c.addresses):len(c.addresses)], failed)
	}
}

// prefer puts an address first.
func (c *Client) prefer(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	address = strings.TrimRight(address, "/")
	rest := []string{address}
	for _, a := range c.addresses {
		if a != address {
			rest = append(rest, a)
		}
	}
	c.addresses = rest
}

// wait is how long the n-th attempt in a row waits.
func (c *Client) wait(n int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pace.wait(n)
}

func (c *Client) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.addresses)
}

// User is who is signed in.
func (c *Client) User() model.User {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user
}

// Token is the session's secret.
func (c *Client) Token() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}

// SetToken continues a session.
func (c *Client) SetToken(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = token
}

// Register makes an account and signs in.
func (c *Client) Register(ctx context.Context, mobile, passwd, nickname string) error {
	return c.sign(ctx, "/user/register", map[string]string{"mobile": mobile, "passwd": passwd, "nickname": nickname})
}

// Login signs in.
func (c *Client) Login(ctx context.Context, mobile, passwd string) error {
	return c.sign(ctx, "/user/login", map[string]string{"mobile": mobile, "passwd": passwd})
}

func (c *Client) sign(ctx context.Context, route string, in any) error {
	var out struct {
		model.User
		Token string `json:"token"`
	}
	if err := c.Post(ctx, route, in, &out); err != nil {
		return err
	}
	if out.Token == "" || out.ID == 0 {
		return fmt.Errorf("%s gave no token", route)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.user, c.token = out.User, out.Token
	return nil
}

// Logout ends the session.
func (c *Client) Logout(ctx context.Context) error { return c.Post(ctx, "/user/logout", nil, nil) }

// Ticket gives a secret that opens one socket within half a minute.
func (c *Client) Ticket(ctx context.Context) (string, error) {
	var out struct {
		Ticket string `json:"ticket"`
	}
	err := c.Post(ctx, "/user/ticket", nil, &out)
	return out.Ticket, err
}

// History gives up to limit messages of a conversation after seq, in rising order.
func (c *Client) History(ctx context.Context, kind int, dstID, after int64, limit int) ([]model.Message, error) {
	var list []model.Message
	err := c.Post(ctx, "/message/history", map[string]any{"kind": kind, "dstid": dstID, "after": after, "limit": limit}, &list)
	return list, err
}

// Conversations gives the caller's conversations.
func (c *Client) Conversations(ctx context.Context) ([]model.ConversationRow, error) {
	var list []model.ConversationRow
	err := c.Post(ctx, "/message/conversations", nil, &list)
	return list, err
}

// Post calls a JSON route: in is sent as JSON (nil: nothing), and out, if not
// nil, gets the answer's rows or else its data. A refusal is an *Error. An
// address that cannot be reached is left for the next.
func (c *Client) Post(ctx context.Context, route string, in, out any) error {
	body := []byte("{}")
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	for tries := c.count(); ; tries-- {
		address := c.Address()
		err := c.post(ctx, address+route, body, out)
		unreached, ok := errors.AsType[*net.OpError](err)
		if !ok || unreached.Op != "dial" || ctx.Err() != nil {
			return err
		}
		c.rotate(address)
		if tries <= 1 {
			return err
		}
	}
}

func (c *Client) post(ctx context.Context, address string, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if token := c.Token(); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it has been read
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return err
	}
	return read(answer, data, out)
}

// read takes an answer apart.
func read(answer *http.Response, data []byte, out any) error {
	var in struct {
		Code  *int            `json:"code"`
		Error model.Code      `json:"error"`
		Msg   string          `json:"msg"`
		Data  json.RawMessage `json:"data"`
		Rows  json.RawMessage `json:"rows"`
	}
	if err := json.Unmarshal(data, &in); err != nil || in.Code == nil {
		return fmt.Errorf("%s: no answer of the API: %.100q", answer.Status, data)
	}
	if *in.Code != 0 {
		return &Error{Status: answer.StatusCode, Code: in.Error, Msg: in.Msg, RetryAfter: retryAfter(answer)}
	}
	if out == nil {
		return nil
	}
	if in.Rows != nil {
		return json.Unmarshal(in.Rows, out)
	}
	if in.Data == nil {
		return errors.New("an answer without data")
	}
	return json.Unmarshal(in.Data, out)
}

func retryAfter(answer *http.Response) time.Duration {
	seconds, err := strconv.ParseFloat(answer.Header.Get("Retry-After"), 64)
	if err != nil || !(seconds >= 0 && seconds <= math.MaxInt32) { // NaN is neither
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}
