package metrics

import "github.com/prometheus/client_golang/prometheus"

// Bus are the collectors of a node's end of the bus.
type Bus struct {
	Sent      prometheus.Counter     // datagrams that left, repeats and beats included
	SentBytes prometheus.Counter     // their length
	Received  prometheus.Counter     // datagrams of other nodes that were taken
	GotBytes  prometheus.Counter     // their length
	Refused   *prometheus.CounterVec // datagrams that were not, by why
	Unsent    *prometheus.CounterVec // bodies that did not leave, by why
	Hints     prometheus.Counter     // bodies too long for the bus: their hint went
	Missing   prometheus.Counter     // gaps in what a peer sends
	Peers     prometheus.Gauge       // other nodes within their lease
	Repaired  prometheus.Counter     // messages read from the store since their hint was late or lost
	Held      prometheus.Gauge       // messages that wait for the one before them
}

func newBus() Bus {
	return Bus{
		Sent:      counter("bus_sent_total", "Datagrams sent to other nodes, repeats and beats included."),
		SentBytes: counter("bus_sent_bytes_total", "Bytes sent to other nodes."),
		Received:  counter("bus_received_total", "Datagrams taken from other nodes."),
		GotBytes:  counter("bus_received_bytes_total", "Bytes taken from other nodes."),
		Refused:   counters("bus_refused_total", "Datagrams that were dropped on arrival.", "why"),
		Unsent:    counters("bus_unsent_total", "Envelopes that could not be sent.", "why"),
		Hints:     counter("bus_hints_total", "Envelopes too long for the bus, sent as a hint."),
		Missing:   counter("bus_gaps_total", "Gaps in what another node sends."),
		Peers:     gauge("bus_peers", "Other nodes that are there."),
		Repaired:  counter("bus_repaired_total", "Messages of other nodes read from the store, since their hint was late or lost."),
		Held:      gauge("bus_held", "Messages that wait for the one before them."),
	}
}

func (b *Bus) all() []prometheus.Collector {
	return []prometheus.Collector{b.Sent, b.SentBytes, b.Received, b.GotBytes, b.Refused, b.Unsent, b.Hints, b.Missing, b.Peers, b.Repaired, b.Held}
}
