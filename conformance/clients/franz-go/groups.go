package main

import (
	"context"
	"errors"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Consumers that share a group, with each balancer of the classic protocol and with the broker's by the consumer protocol.
var groupCases = []namedCase{
	{"group-commit", groupCommit},
	{"group-resume", groupResume()},
	{"group-range", rebalance(kgo.Balancers(kgo.RangeBalancer()))},
	{"group-roundrobin", rebalance(kgo.Balancers(kgo.RoundRobinBalancer()))},
	{"group-sticky", rebalance(kgo.Balancers(kgo.StickyBalancer()))},
	{"group-cooperative", rebalance(kgo.Balancers(kgo.CooperativeStickyBalancer()))},
	{"consumer-resume", groupResume(kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()))},
	{"consumer-uniform", rebalance(kgo.ServerSideBalancer(), kgo.Balancers(kgo.StickyBalancer()))},
	{"consumer-range", rebalance(kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))},
}

// A consumer of the group that has the topic's name.
type member struct {
	*kgo.Client
	// How many partitions it has.
	share atomic.Int32
}

func join(topic string, options ...kgo.Opt) *member {
	m := &member{}
	changes := func(sign int32) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			m.share.Add(sign * int32(len(partitions[topic])))
		}
	}
	m.Client = connect(append([]kgo.Opt{
		kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(start()), kgo.DisableAutoCommit(),
		kgo.OnPartitionsAssigned(changes(1)), kgo.OnPartitionsRevoked(changes(-1)), kgo.OnPartitionsLost(changes(-1)),
	}, options...)...)
	return m
}

func groupCommit(ctx context.Context, topic string) {
	create(ctx, topic, 2)
	produce(ctx, spread(topic, 0, 100, 2))
	m := join(topic)
	records := takeRecords(ctx, []*member{m}, 100)
	at := slices.IndexFunc(records, func(r *kgo.Record) bool { return r.Partition == 0 && r.Offset == 29 })
	check("committing", m.CommitRecords(ctx, records[at]))
	found, err := admin.FetchOffsets(ctx, topic)
	check("the offsets", err)
	check("the offsets", found.Error())
	equal("committed offsets", 1, len(found[topic]))
	equal("committed offset", int64(30), found[topic][0].At)
	m.Close()
	m = join(topic)
	defer m.Close()
	equal("records behind the offset", 20+50, len(takeRecords(ctx, []*member{m}, 70)))
}

func groupResume(options ...kgo.Opt) func(context.Context, string) {
	return func(ctx context.Context, topic string) {
		create(ctx, topic, 4)
		for _, first := range []int{0, 400} {
			produce(ctx, spread(topic, first, first+400, 4))
			m := join(topic, options...)
			equal("what nobody had read", sorted(numbered(first, first+400)), take(ctx, []*member{m}, 400))
			check("committing", m.CommitUncommittedOffsets(ctx))
			m.Close()
		}
	}
}

func rebalance(options ...kgo.Opt) func(context.Context, string) {
	return func(ctx context.Context, topic string) {
		create(ctx, topic, 4)
		members := []*member{join(topic, options...)}
		defer func() {
			for _, m := range members {
				m.Close()
			}
		}()
		produce(ctx, spread(topic, 0, 100, 4))
		equal("values", sorted(numbered(0, 100)), take(ctx, members, 100))
		check("committing", members[0].CommitUncommittedOffsets(ctx))
		members = append(members, join(topic, options...))
		awaitShares(ctx, members, 2, 2)
		produce(ctx, spread(topic, 100, 200, 4))
		equal("values", sorted(numbered(100, 200)), take(ctx, members, 100))
		for _, m := range members {
			check("committing", m.CommitUncommittedOffsets(ctx))
		}
		members[0].Close()
		members = members[1:]
		awaitShares(ctx, members, 4)
	}
}

// Waits until the members have so many partitions each; no record is left for any of them.
func awaitShares(ctx context.Context, members []*member, expected ...int32) {
	for found := []int32{}; !slices.Equal(found, expected); {
		check("the shares", ctx.Err())
		found = found[:0]
		for _, m := range members {
			equal("records", 0, len(m.poll(ctx)))
			found = append(found, m.share.Load())
		}
	}
}

// The values of so many records in order, whichever member gets them.
func take(ctx context.Context, members []*member, count int) []string {
	return sorted(values(takeRecords(ctx, members, count)))
}

func takeRecords(ctx context.Context, members []*member, count int) []*kgo.Record {
	records := []*kgo.Record{}
	for len(records) < count {
		check("the records", ctx.Err())
		for _, m := range members {
			records = append(records, m.poll(ctx)...)
		}
	}
	equal("number of records", count, len(records))
	return records
}

func (m *member) poll(ctx context.Context) []*kgo.Record {
	soon, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	fetches := m.PollFetches(soon)
	check("fetching", failure(fetches))
	return fetches.Records()
}

// What a poll has met with, but for the end of the time that it had.
func failure(fetches kgo.Fetches) error {
	for _, e := range fetches.Errors() {
		if !errors.Is(e.Err, context.DeadlineExceeded) {
			return e.Err
		}
	}
	return nil
}

// Records with numbered values, for the partitions in turn.
func spread(topic string, first, end, partitions int) []*kgo.Record {
	records := make([]*kgo.Record, 0, end-first)
	for i := first; i < end; i++ {
		records = append(records, &kgo.Record{Topic: topic, Partition: int32(i % partitions), Value: value(i)})
	}
	return records
}

func sorted(values []string) []string {
	sort.Strings(values)
	return values
}
