package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Not so old that retention takes what has it.
var baseTime = time.Now().Add(-time.Hour).UnixMilli()

const (
	createTime, logAppendTime = int8(0), int8(1)
	// A record without a key has 11 bytes besides a value of this size, and its batch 61: together the default of max.message.bytes.
	largestValue = 1_048_588 - 61 - 11
)

var recordCases = []namedCase{
	{"codec-none", roundTrip(0, kgo.ProducerBatchCompression(kgo.NoCompression()))},
	{"codec-gzip", roundTrip(1, kgo.ProducerBatchCompression(kgo.GzipCompression()))},
	{"codec-snappy", roundTrip(2, kgo.ProducerBatchCompression(kgo.SnappyCompression()))},
	{"codec-lz4", roundTrip(3, kgo.ProducerBatchCompression(kgo.Lz4Compression()))},
	{"codec-zstd", roundTrip(4, kgo.ProducerBatchCompression(kgo.ZstdCompression()))},
	{"acks-1", roundTrip(2, kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite())},
	{"acks-all", roundTrip(2, kgo.RequiredAcks(kgo.AllISRAcks()))},
	{"idempotent", roundTrip(2, kgo.ProducerBatchMaxBytes(2000))},
	{"not-idempotent", roundTrip(2, kgo.ProducerBatchMaxBytes(2000), kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(1))},
	{"acks-0", acks0},
	{"keyed", keyed},
	{"unkeyed", unkeyed},
	{"partitioner", partitioner},
	{"many-partitions", manyPartitions},
	{"null-key", oneRecord(nil, []byte("value"))},
	{"null-value", oneRecord([]byte("key"), nil)},
	{"both-null", oneRecord(nil, nil)},
	{"empty-value", oneRecord([]byte("key"), []byte{})},
	{"headers", headers},
	{"sizes", sizes},
	{"too-large", tooLarge},
	{"earliest", earliest},
	{"latest", latest},
	{"timestamp", timestamp},
	{"log-append-time", logAppend},
	{"out-of-range", outOfRange},
	{"fetch-limits", fetchLimits},
	{"unknown-topic", unknownTopic},
}

// Clients

func connect(options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap)}, options...)...)
	check("the client", err)
	return client
}

func create(ctx context.Context, topic string, partitions int32, configs ...string) {
	_, err := admin.CreateTopic(ctx, partitions, 1, settings(configs), topic)
	check("the topic", err)
	ready(ctx, topic, partitions)
}

func settings(pairs []string) map[string]*string {
	configs := map[string]*string{}
	for i := 0; i < len(pairs); i += 2 {
		configs[pairs[i]] = &pairs[i+1]
	}
	return configs
}

// The controller acknowledges a topic before its broker has the logs, and what is sent too early is sent again out of order.
func ready(ctx context.Context, topic string, partitions int32) {
	await(ctx, "the partitions", func() bool {
		ends, err := admin.ListEndOffsets(ctx, topic)
		return err == nil && ends.Error() == nil && len(ends[topic]) == int(partitions)
	})
}

// Produces to the partitions that the records name and returns them as acknowledged.
func produce(ctx context.Context, records []*kgo.Record, options ...kgo.Opt) []*kgo.Record {
	return send(ctx, records, append([]kgo.Opt{kgo.RecordPartitioner(kgo.ManualPartitioner())}, options...)...)
}

// Produces to the partitions that the client chooses.
func send(ctx context.Context, records []*kgo.Record, options ...kgo.Opt) []*kgo.Record {
	client := connect(options...)
	defer client.Close()
	results := client.ProduceSync(ctx, records...)
	check("producing", results.FirstErr())
	equal("answers", len(records), len(results))
	return records
}

// The records of the partitions from an offset to their ends, exactly `count` of them.
func consume(ctx context.Context, topic string, partitions int32, from kgo.Offset, count int, options ...kgo.Opt) []*kgo.Record {
	assignment := map[int32]kgo.Offset{}
	for p := range partitions {
		assignment[p] = from
	}
	client := connect(append([]kgo.Opt{
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: assignment}), kgo.ConsumeResetOffset(kgo.NoResetOffset()),
	}, options...)...)
	defer client.Close()
	return poll(ctx, client, topic, count)
}

func poll(ctx context.Context, client *kgo.Client, topic string, count int) []*kgo.Record {
	ends, err := admin.ListEndOffsets(ctx, topic)
	check("the ends", err)
	check("the ends", ends.Error())
	records, last := []*kgo.Record{}, map[int32]int64{}
	for len(records) < count {
		fetches := client.PollFetches(ctx)
		check("fetching", fetches.Err())
		for _, record := range fetches.Records() {
			records = append(records, record)
			last[record.Partition] = record.Offset
		}
	}
	equal("number of records", count, len(records))
	for partition, offset := range last {
		equal(fmt.Sprintf("last offset of partition %d", partition), ends[topic][partition].Offset-1, offset)
	}
	return records
}

func start() kgo.Offset { return kgo.NewOffset().AtStart() }

func value(i int) []byte {
	return fmt.Appendf(nil, "value %d of many, with words that repeat, repeat, repeat", i)
}

func noise(size int) []byte {
	made := make([]byte, size)
	for i := range made {
		made[i] = byte(i * 7919 >> 5)
	}
	return made
}

func values(records []*kgo.Record) []string {
	found := make([]string, len(records))
	for i, record := range records {
		found[i] = string(record.Value)
	}
	return found
}

// The values from number `first` to before number `end`.
func numbered(first, end int) []string {
	made := []string{}
	for i := first; i < end; i++ {
		made = append(made, string(value(i)))
	}
	return made
}

// Records with numbered values in partition 0, `step` milliseconds apart.
func series(topic string, count int, step int64) []*kgo.Record {
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Value: value(i), Timestamp: time.UnixMilli(baseTime + int64(i)*step)}
	}
	return records
}

// Produce and consume

func roundTrip(codec uint8, options ...kgo.Opt) func(context.Context, string) {
	return func(ctx context.Context, topic string) {
		create(ctx, topic, 1)
		const count = 5000
		for i, sent := range produce(ctx, series(topic, count, 1), options...) {
			equal("offset in the answer", int64(i), sent.Offset)
		}
		for i, record := range consume(ctx, topic, 1, start(), count) {
			equal("offset", int64(i), record.Offset)
			equal("codec", codec, record.Attrs.CompressionType())
			equal("key", []byte(nil), record.Key)
			equal("value", string(value(i)), string(record.Value))
			equal("kind of timestamp", createTime, record.Attrs.TimestampType())
			equal("timestamp", baseTime+int64(i), record.Timestamp.UnixMilli())
		}
	}
}

func acks0(ctx context.Context, topic string) {
	create(ctx, topic, 1)
	produce(ctx, series(topic, 1000, 1), kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	await(ctx, "the records", func() bool { return listed(admin.ListEndOffsets(ctx, topic)).Offset == 1000 })
	equal("values", numbered(0, 1000), values(consume(ctx, topic, 1, start(), 1000)))
}

func keyed(ctx context.Context, topic string) {
	create(ctx, topic, 5)
	const keys, count = 41, 4100
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Key: fmt.Appendf(nil, "key-%d", i%keys), Value: value(i)}
	}
	send(ctx, records, kgo.ProducerBatchCompression(kgo.ZstdCompression()))
	following, places := [keys]int{}, map[int]int32{}
	for _, record := range consume(ctx, topic, 5, start(), count) {
		key, err := strconv.Atoi(strings.TrimPrefix(string(record.Key), "key-"))
		check("the key", err)
		if place, known := places[key]; known {
			equal(fmt.Sprintf("partition of key %d", key), place, record.Partition)
		}
		places[key] = record.Partition
		equal(fmt.Sprintf("value of key %d in its order", key), string(value(key+following[key]*keys)), string(record.Value))
		following[key]++
	}
}

func unkeyed(ctx context.Context, topic string) {
	create(ctx, topic, 4)
	records := make([]*kgo.Record, 4000)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Value: value(i)}
	}
	send(ctx, records, kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	consumed := consume(ctx, topic, 4, start(), 4000)
	each := map[int32]int{}
	for _, record := range consumed {
		each[record.Partition]++
	}
	equal("records of each partition", map[int32]int{0: 1000, 1: 1000, 2: 1000, 3: 1000}, each)
	expected, found := numbered(0, 4000), values(consumed)
	sort.Strings(expected)
	sort.Strings(found)
	equal("values", expected, found)
}

func partitioner(ctx context.Context, topic string) {
	create(ctx, topic, 7)
	table, err := os.ReadFile(murmur2)
	check("the table of keys", err)
	expected, records := map[string]int32{}, []*kgo.Record{}
	for line := range strings.Lines(string(table)) {
		key, hashed, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		hash, err := strconv.ParseInt(hashed, 10, 32)
		check("the hash", err)
		expected[key] = int32(hash % 7)
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(key), Value: []byte{}})
	}
	send(ctx, records)
	found := map[string]int32{}
	for _, record := range consume(ctx, topic, 7, start(), len(records)) {
		found[string(record.Key)] = record.Partition
	}
	equal("partition of each key", expected, found)
}

func manyPartitions(ctx context.Context, topic string) {
	for _, partitions := range []int32{1, 10, 100} {
		name := fmt.Sprintf("%s-%d", topic, partitions)
		create(ctx, name, partitions)
		records, expected, found := make([]*kgo.Record, 1000), make([][]string, partitions), make([][]string, partitions)
		for i := range records {
			p := int32(i) % partitions
			records[i] = &kgo.Record{Topic: name, Partition: p, Value: value(i)}
			expected[p] = append(expected[p], string(value(i)))
		}
		produce(ctx, records)
		for _, record := range consume(ctx, name, partitions, start(), len(records)) {
			equal("offset", int64(len(found[record.Partition])), record.Offset)
			found[record.Partition] = append(found[record.Partition], string(record.Value))
		}
		equal("values by partition", expected, found)
	}
}

func oneRecord(key, val []byte) func(context.Context, string) {
	return func(ctx context.Context, topic string) {
		create(ctx, topic, 1)
		produce(ctx, []*kgo.Record{{Topic: topic, Key: key, Value: val}})
		record := consume(ctx, topic, 1, start(), 1)[0]
		equal("key", key, record.Key)
		equal("value", val, record.Value)
	}
}

func headers(ctx context.Context, topic string) {
	create(ctx, topic, 1)
	sent := []kgo.RecordHeader{
		{Key: "first", Value: []byte("1")}, {Key: "empty", Value: []byte{}}, {Key: "first", Value: []byte("zwölf")}, {Key: "none"},
	}
	produce(ctx, []*kgo.Record{{Topic: topic, Value: []byte("value"), Headers: sent}, {Topic: topic, Value: []byte("none")}})
	found := consume(ctx, topic, 1, start(), 2)
	equal("headers", sent, found[0].Headers)
	equal("headers of the record without", 0, len(found[1].Headers))
}

func sizes(ctx context.Context, topic string) {
	create(ctx, topic, 1)
	large := []kgo.Opt{kgo.ProducerBatchMaxBytes(2_000_000), kgo.ProducerBatchCompression(kgo.NoCompression())}
	records := []*kgo.Record{}
	for _, size := range []int{1, 2, 63, 64, 1000, 16384, 100_000, 1_000_000, largestValue} {
		records = append(records, &kgo.Record{Topic: topic, Value: noise(size)})
		produce(ctx, records[len(records)-1:], large...)
	}
	for i, record := range consume(ctx, topic, 1, start(), len(records)) {
		holds(fmt.Sprintf("the value of %d bytes comes back", len(records[i].Value)), bytes.Equal(records[i].Value, record.Value))
	}
	client := connect(large...)
	defer client.Close()
	beyond := client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: noise(largestValue + 1)})
	fails("one byte more", kerr.MessageTooLarge, beyond.FirstErr())
}

func tooLarge(ctx context.Context, topic string) {
	create(ctx, topic, 1, "max.message.bytes", "10000")
	client := connect(kgo.ProducerBatchCompression(kgo.NoCompression()))
	defer client.Close()
	fails("a large record", kerr.MessageTooLarge, client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: make([]byte, 20_000)}).FirstErr())
	after, err := client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: make([]byte, 5_000)}).First()
	check("a smaller one", err)
	equal("offset", int64(0), after.Offset)
}

// Where reading starts

func fill(ctx context.Context, topic string, count int) {
	produce(ctx, series(topic, count, 10), kgo.ProducerBatchMaxBytes(700))
}

// The answer for partition 0 of the one topic asked about.
func listed(offsets kadm.ListedOffsets, err error) kadm.ListedOffset {
	check("the offsets", err)
	check("the offsets", offsets.Error())
	for _, partitions := range offsets {
		return partitions[0]
	}
	panic("no offsets")
}

func earliest(ctx context.Context, topic string) {
	create(ctx, topic, 1)
	fill(ctx, topic, 100)
	equal("earliest", int64(0), listed(admin.ListStartOffsets(ctx, topic)).Offset)
	equal("values", numbered(0, 100), values(consume(ctx, topic, 1, start(), 100)))
	equal("values from 93", numbered(93, 100), values(consume(ctx, topic, 1, kgo.NewOffset().At(93), 7)))
	equal("the last two", numbered(98, 100), values(consume(ctx, topic, 1, kgo.NewOffset().AtEnd().Relative(-2), 2)))
}

func latest(ctx context.Context, topic string) {
	create(ctx, topic, 1)
	fill(ctx, topic, 100)
	equal("latest", int64(100), listed(admin.ListEndOffsets(ctx, topic)).Offset)
	client := connect(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtEnd()}}), kgo.FetchMaxWait(100*time.Millisecond))
	defer client.Close()
	// The client does not tell when it has looked up the end: it has when a record arrives.
	stop := make(chan struct{})
	sent := make(chan int)
	go func() {
		count := 0
		for ctx.Err() == nil {
			client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: fmt.Appendf(nil, "new %d", count)})
			count++
			select {
			case <-stop:
				sent <- count
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
		sent <- count
	}()
	fetches := client.PollFetches(ctx)
	close(stop)
	holds("some were sent", <-sent > 0)
	check("fetching", fetches.Err())
	first := fetches.Records()[0]
	holds("nothing old is read", first.Offset >= 100)
	equal("first record", fmt.Sprintf("new %d", first.Offset-100), string(first.Value))
}

func timestamp(ctx context.Context, topic string) {
	create(ctx, topic, 1)
	fill(ctx, topic, 100)
	at := func(millis int64) kadm.ListedOffset { return listed(admin.ListOffsetsAfterMilli(ctx, millis, topic)) }
	equal("at a record's time", int64(50), at(baseTime+500).Offset)
	equal("between two records", int64(51), at(baseTime+501).Offset)
	equal("its timestamp", baseTime+510, at(baseTime+501).Timestamp)
	equal("before all", int64(0), at(0).Offset)
	// The client answers a time after all with the end.
	equal("after all", int64(100), at(baseTime+86_400_000).Offset)
	newest := listed(admin.ListMaxTimestampOffsets(ctx, topic))
	equal("offset of the largest timestamp", int64(99), newest.Offset)
	equal("largest timestamp", baseTime+990, newest.Timestamp)
	equal("values from the time", numbered(51, 100), values(consume(ctx, topic, 1, kgo.NewOffset().AfterMilli(baseTime+501), 49)))
}

func logAppend(ctx context.Context, topic string) {
	create(ctx, topic, 1, "message.timestamp.type", "LogAppendTime")
	before := time.Now().UnixMilli()
	produce(ctx, []*kgo.Record{{Topic: topic, Value: []byte("value"), Timestamp: time.UnixMilli(5)}}, kgo.ProducerBatchCompression(kgo.GzipCompression()))
	record := consume(ctx, topic, 1, start(), 1)[0]
	equal("kind of timestamp", logAppendTime, record.Attrs.TimestampType())
	found := record.Timestamp.UnixMilli()
	holds("time is the broker's", before <= found && found <= time.Now().UnixMilli())
}

func outOfRange(ctx context.Context, topic string) {
	create(ctx, topic, 1)
	fill(ctx, topic, 10)
	client := connect(
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(11)}}), kgo.ConsumeResetOffset(kgo.NoResetOffset()),
	)
	defer client.Close()
	fetches := client.PollFetches(ctx)
	equal("records", 0, fetches.NumRecords())
	fails("reading beyond the end", kerr.OffsetOutOfRange, fetches.Err())
}

func fetchLimits(ctx context.Context, topic string) {
	create(ctx, topic, 3)
	const count = 600
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Partition: int32(i % 3), Value: bytes.Repeat([]byte{byte(i)}, 1000)}
	}
	produce(ctx, records, kgo.ProducerBatchMaxBytes(20_000), kgo.ProducerBatchCompression(kgo.NoCompression()))
	for _, limits := range [][]kgo.Opt{
		{kgo.FetchMaxBytes(2000), kgo.FetchMaxPartitionBytes(1000), kgo.BrokerMaxReadBytes(10_000_000)},
		{kgo.FetchMinBytes(100_000), kgo.FetchMaxWait(300 * time.Millisecond)},
		{kgo.DisableFetchSessions()},
	} {
		for _, record := range consume(ctx, topic, 3, start(), count, limits...) {
			sent := records[record.Offset*3+int64(record.Partition)]
			holds("the value is the one sent", bytes.Equal(sent.Value, record.Value))
		}
	}
}

func unknownTopic(ctx context.Context, topic string) {
	client := connect(kgo.UnknownTopicRetries(1))
	defer client.Close()
	fails("producing", kerr.UnknownTopicOrPartition, client.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("value")}).FirstErr())
	details, err := admin.ListTopics(ctx, topic)
	check("describing", err)
	fails("the description", kerr.UnknownTopicOrPartition, details[topic].Err)
	ends, err := admin.ListEndOffsets(ctx, topic)
	check("the ends", err)
	fails("the ends", kerr.UnknownTopicOrPartition, ends.Error())
	details, err = admin.ListTopics(ctx)
	check("listing", err)
	holds("asking creates nothing", !details.Has(topic))
}
