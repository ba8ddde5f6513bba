// Package cluster has the buses that join the nodes of a cluster: bytes in,
// bytes out. What the bytes mean is the business of those who send them. It
// imports nothing of ours but util.
//
// A bus is a hint: what it carries may get lost, come twice on the way or in
// another order. What it hands on came from a node that knows the secret, is
// whole, was said during the life of the receiver and is handed on once.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"hongyan/util/metrics"
)

// Bus is one node's end of a bus. All methods are safe for concurrent use.
type Bus interface {
	// Send hands body to the nodes that want one of the topics, or to all of
	// them if none is given, without waiting for anybody. Where body is too long
	// for the bus, hint goes instead; nil: nothing goes, which is counted. What
	// is urgent is sent several times where a bus may lose it, and arrives once.
	// Nobody may change the bytes afterwards.
	Send(topics []string, body, hint []byte, urgent bool)
	// Want says whether this node has somebody for a topic.
	Want(topic string, wanted bool)
	// Listen is called once, before anything else, and names who hears what
	// comes: receive each body with the name of the node that sent it, peer of
	// each node that comes (again) or goes, lost that something may have got
	// lost. They are called one at a time and must not block.
	Listen(receive func(peer string, body []byte), peer func(name string, here bool), lost func())
	// Name is how the others call this node.
	Name() string
	// Close leaves the bus; nothing is heard after it has returned.
	Close() error
}

// Options are what a Bus is opened with.
type Options struct {
	// Address is what -bus takes.
	Address string
	// Secret is known to all nodes and to nobody else.
	Secret string
	// Scope keeps clusters apart that share a secret and a network: the
	// store's epoch.
	Scope string
	// Node names this node; another start of the same node may have the same name.
	Node    string
	Metrics *metrics.Metrics
	Log     *slog.Logger
}

// Faults of an address.
var (
	ErrSecret = errors.New("needs HONGYAN_BUS_SECRET (or HONGYAN_BUS_SECRET_FILE) in the environment, the same on every node")
	errShort  = errors.New("HONGYAN_BUS_SECRET: at least 16 characters, such as from: openssl rand -hex 32")
)

// minSecret keeps words out that could be guessed from one recorded datagram.
const minSecret = 16

// Check tells what is wrong with an address and a secret without opening
// anything. The error does not repeat passwords.
func Check(address, secret string) error {
	if address == "local" {
		return nil
	}
	scheme, _, _ := strings.Cut(address, "://")
	var faults []error
	needsSecret := true
	switch scheme {
	case "udp":
		_, err := parseUDP(address)
		faults = append(faults, err)
	case "nats":
		_, err := parseNATS(address)
		faults, needsSecret = append(faults, err), false
	case "nats+embedded":
		_, err := parseEmbedded(address)
		faults = append(faults, err)
	default:
		return errors.New("want local, udp://192.168.0.255:3000, nats://host:4222 or nats+embedded://BIND:PORT?peers=A:PORT,B:PORT")
	}
	switch {
	case secret == "" && needsSecret:
		faults = append(faults, fmt.Errorf("%s:// %w", scheme, ErrSecret))
	case secret != "" && len(secret) < minSecret:
		faults = append(faults, errShort)
	}
	return errors.Join(faults...)
}

// Open opens the bus that an address names; nil for "local": a process by
// itself has nobody to talk to. What others have taken is an error, what is
// merely away is waited for.
func Open(ctx context.Context, o Options) (Bus, error) {
	if err := Check(o.Address, o.Secret); err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	var lane carrier
	var err error
	switch scheme, _, _ := strings.Cut(o.Address, "://"); scheme {
	case "local":
		return nil, nil
	case "udp":
		lane, err = openUDP(ctx, o)
	case "nats":
		lane, err = openNATS(o)
	default:
		lane, err = openEmbedded(ctx, o)
	}
	if err != nil {
		return nil, fmt.Errorf("bus %s: %w", redact(o.Address), err)
	}
	return newMember(o, lane), nil
}

// redact is an address without its password.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(unreadable)"
	}
	return u.Redacted()
}
