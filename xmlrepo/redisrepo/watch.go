package redisrepo

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"

	"dataprotection.example/internal/pollwatch"
)

// Watch implements Watcher. What this package writes anywhere is told on the
// channel at once, together with the new fingerprint, so that hearing of it costs
// the server nothing. What others write, .NET above all, shows when the watch
// looks at the fingerprint: at every PollInterval, and whenever the connection of
// the channel was lost and has come back. That the server cannot be reached, and
// that it can again, counts as a change.
//
// A watch holds one connection, and pings on it when it was silent for a
// PollInterval. At 30 s that and the looking come to 20 bytes a second for a node.
func (l *List) Watch(ctx context.Context) (<-chan struct{}, error) {
	if err := ctx.Err(); err != nil {
		return nil, l.fault("watch", err)
	}
	out := make(chan struct{}, 1)
	go func() {
		defer close(out)
		l.watch(ctx, out)
	}()
	return out, nil
}

func (l *List) watch(ctx context.Context, out chan<- struct{}) {
	subscription := l.client.Subscribe(ctx, l.channel)
	hints := make(chan string)
	var listening sync.WaitGroup
	listening.Go(func() {
		defer close(hints)
		subscribed := false
		for message := range subscription.ChannelWithSubscriptions(redis.WithChannelHealthCheckInterval(l.poll)) {
			hint := ""
			switch message := message.(type) {
			case *redis.Message:
				hint = message.Payload
			case *redis.Subscription: // to begin with, and after a lost connection
				l.warn(ctx)
				if subscribed {
					hint = pollwatch.Again
				}
				subscribed = true
			}
			select {
			case hints <- hint:
			case <-ctx.Done():
			}
		}
	})
	pollwatch.Watch{Interval: l.poll, Look: l.Fingerprint, Hints: hints}.Run(ctx, out)
	_ = subscription.Close()
	listening.Wait()
}
