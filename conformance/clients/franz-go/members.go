package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A member that does as it is told, and reports; clients/members/README.md has the words.
type toldMember struct {
	name, topic string
	*kgo.Client
	owned   []int32
	leaving atomic.Bool
}

var balancers = map[string]kgo.GroupBalancer{
	"range": kgo.RangeBalancer(), "roundrobin": kgo.RoundRobinBalancer(), "sticky": kgo.StickyBalancer(),
	"cooperative-sticky": kgo.CooperativeStickyBalancer(), "uniform": kgo.StickyBalancer(),
}

// Obeys the lines on stdin until its end.
func serveMembers() {
	members, running := map[string]*toldMember{}, sync.WaitGroup{}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Split(lines.Text(), " ")
		if words[0] == "leave" {
			members[words[1]].leaving.Store(true)
			continue
		}
		m := &toldMember{name: words[1], topic: words[3]}
		members[m.name] = m
		running.Go(func() { m.run(words[2], words[4:]) })
	}
	for _, m := range members {
		m.leaving.Store(true)
	}
	running.Wait()
}

func (m *toldMember) run(group string, told []string) {
	options := []kgo.Opt{
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(m.topic), kgo.ConsumeResetOffset(start()),
		kgo.DisableAutoCommit(), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(m.changed(func(p int32) { m.owned = append(m.owned, p) })),
		kgo.OnPartitionsRevoked(m.changed(m.disown)), kgo.OnPartitionsLost(m.changed(m.disown)),
	}
	for _, setting := range told {
		key, value, _ := strings.Cut(setting, "=")
		switch {
		case setting == "protocol=classic":
		case setting == "protocol=consumer":
			options = append(options, kgo.ServerSideBalancer())
		case key == "assignor" || key == "remote":
			options = append(options, kgo.Balancers(balancers[value]))
		case key == "instance":
			options = append(options, kgo.InstanceID(value))
		case key == "session":
			millis, err := strconv.Atoi(value)
			check("the session", err)
			options = append(options, kgo.SessionTimeout(time.Duration(millis)*time.Millisecond), kgo.HeartbeatInterval(500*time.Millisecond))
		default:
			panic("no such setting: " + setting)
		}
	}
	m.Client = connect(options...)
	for !m.leaving.Load() {
		if err := m.step(); err != nil {
			m.CloseAllowingRebalance()
			m.report("failed", strings.ReplaceAll(err.Error(), "\n", " "))
			return
		}
	}
	m.CloseAllowingRebalance()
	m.report("left")
}

// Reads what is there, reports it and commits it, while a rebalance waits.
func (m *toldMember) step() error {
	defer m.AllowRebalance()
	soon, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	fetches := m.PollFetches(soon)
	if err := failure(fetches); err != nil {
		return err
	}
	for _, record := range fetches.Records() {
		m.report("read", record.Partition, record.Offset, string(record.Value))
	}
	// What a lost membership leaves uncommitted the next owner reads again.
	_ = m.CommitUncommittedOffsets(context.Background())
	return nil
}

func (m *toldMember) disown(partition int32) {
	m.owned = slices.DeleteFunc(m.owned, func(p int32) bool { return p == partition })
}

// A callback that applies a change to each of its partitions and reports what is owned after it. The client calls one at a time.
func (m *toldMember) changed(apply func(int32)) func(context.Context, *kgo.Client, map[string][]int32) {
	return func(_ context.Context, client *kgo.Client, partitions map[string][]int32) {
		for _, p := range partitions[m.topic] {
			apply(p)
		}
		_, generation := client.GroupMetadata()
		words := []any{"owns", generation}
		for _, p := range m.owned {
			words = append(words, p)
		}
		m.report(words...)
	}
}

func (m *toldMember) report(words ...any) {
	// One write, so that the lines of members stay apart.
	fmt.Print(m.name + " " + fmt.Sprintln(words...))
}
