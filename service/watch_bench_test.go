package service_test

import (
	"log/slog"
	"testing"
	"time"

	"hongyan/model"
	"hongyan/service"
)

type nowhere struct{}

func (nowhere) Publish(model.Delivery)                 {}
func (nowhere) Disconnect(int64, []int64, int, string) {}

// BenchmarkWatch measures what telling people who are away costs the fan-out of
// a message: the queue is full here, as it is at worst.
func BenchmarkWatch(b *testing.B) {
	d := model.Delivery{Message: model.Message{Cmd: model.CmdSingle, Kind: model.KindSingle, Seq: 1, UserID: 1, DstID: 2}, Users: []int64{1, 2}}
	for name, wake := range map[string]bool{"nobody": false, "somebody": true} {
		b.Run(name, func(b *testing.B) {
			a := service.NewAwakeService(nil, nil, nil, nil, time.Now, nil, service.UsualPace(), slog.New(slog.DiscardHandler))
			if wake {
				a.Wake()
			}
			out := a.Watch(nowhere{})
			b.ReportAllocs()
			for b.Loop() {
				out.Publish(d)
			}
		})
	}
}
