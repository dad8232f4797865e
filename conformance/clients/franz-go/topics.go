package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var topicCases = []namedCase{
	{"topic-create", topicCreate},
	{"topic-describe", topicDescribe},
	{"topic-grow", topicGrow},
	{"topic-delete", topicDelete},
	{"topic-config", topicConfig},
	{"broker-config", brokerConfig},
	{"cluster-describe", clusterDescribe},
}

func exists(ctx context.Context, topic string) bool {
	details, err := admin.ListTopics(ctx)
	check("listing", err)
	return details.Has(topic)
}

func describe(ctx context.Context, topic string) kadm.TopicDetail {
	details, err := admin.ListTopics(ctx, topic)
	check("describing", err)
	check("describing", details[topic].Err)
	return details[topic]
}

func topicCreate(ctx context.Context, topic string) {
	made, err := admin.CreateTopic(ctx, 3, 1, settings([]string{"retention.ms", "1234567"}), topic)
	check("the topic", err)
	ready(ctx, topic, 3)
	equal("partitions in the answer", int32(3), made.NumPartitions)
	equal("replicas in the answer", int16(1), made.ReplicationFactor)
	equal("config in the answer", "1234567", *made.Configs["retention.ms"].Value)
	equal("id", made.ID, describe(ctx, topic).ID)
	holds("it is listed", exists(ctx, topic))
	refused := func(what string, expected error, partitions int32, replicas int16, name string, configs ...string) {
		_, err := admin.CreateTopic(ctx, partitions, replicas, settings(configs), name)
		fails(what, expected, err)
	}
	refused("one that is there", kerr.TopicAlreadyExists, 3, 1, topic)
	refused("no name", kerr.InvalidTopicException, 1, 1, "not/a/name")
	refused("no partitions", kerr.InvalidPartitions, 0, 1, topic+"-0")
	refused("no number", kerr.InvalidConfig, 1, 1, topic+"-1", "retention.ms", "soon")
	refused("no such config", kerr.InvalidConfig, 1, 1, topic+"-1", "no.such.key", "1")
	refused("too many replicas", kerr.InvalidReplicationFactor, 1, 2, topic+"-2")
	trial, err := admin.ValidateCreateTopics(ctx, -1, -1, nil, topic+"-dry")
	check("a trial", err)
	check("a trial", trial[topic+"-dry"].Err)
	equal("partitions in the answer to a trial", int32(3), trial[topic+"-dry"].NumPartitions)
	holds("a trial creates nothing", !exists(ctx, topic+"-dry"))
}

func topicDescribe(ctx context.Context, topic string) {
	create(ctx, topic, 100)
	found := describe(ctx, topic).Partitions
	equal("partitions", 100, len(found))
	for p := range int32(100) {
		equal("error", nil, found[p].Err)
		equal("leader", int32(1), found[p].Leader)
		equal("replicas", []int32{1}, found[p].Replicas)
		equal("ISR", []int32{1}, found[p].ISR)
	}
}

func topicGrow(ctx context.Context, topic string) {
	create(ctx, topic, 2)
	fill(ctx, topic, 10)
	grow := func(count int, name string) error {
		answers, err := admin.UpdatePartitions(ctx, count, name)
		if err != nil {
			return err
		}
		return answers[name].Err
	}
	check("growing", grow(4, topic))
	ready(ctx, topic, 4)
	grown := produce(ctx, []*kgo.Record{{Topic: topic, Partition: 3, Value: []byte("new")}})
	equal("first offset of the new partition", int64(0), grown[0].Offset)
	found := [4][]string{}
	for _, record := range consume(ctx, topic, 4, start(), 11) {
		found[record.Partition] = append(found[record.Partition], string(record.Value))
	}
	equal("values by partition", [4][]string{numbered(0, 10), nil, nil, {"new"}}, found)
	fails("fewer", kerr.InvalidPartitions, grow(3, topic))
	holds("growing what is not there is refused", grow(3, topic+"-none") != nil)
}

func topicDelete(ctx context.Context, topic string) {
	create(ctx, topic, 2)
	fill(ctx, topic, 10)
	first := describe(ctx, topic).ID
	_, err := admin.DeleteTopic(ctx, topic)
	check("deleting", err)
	await(ctx, "its end", func() bool { return !exists(ctx, topic) })
	_, err = admin.DeleteTopic(ctx, topic)
	fails("deleting what is not there", kerr.UnknownTopicOrPartition, err)
	create(ctx, topic, 1)
	holds("another id", describe(ctx, topic).ID != first)
	equal("records of the new topic", int64(0), listed(admin.ListEndOffsets(ctx, topic)).Offset)
}

// The entry of that name, of the one resource described.
func entry(key string, described kadm.ResourceConfigs, err error) *kadm.Config {
	check("describing", err)
	equal("resources", 1, len(described))
	check("describing", described[0].Err)
	for _, config := range described[0].Configs {
		if config.Key == key {
			return &config
		}
	}
	panic(fmt.Sprintf("no %s among %d configs", key, len(described[0].Configs)))
}

func topicConfig(ctx context.Context, topic string) {
	create(ctx, topic, 1, "max.message.bytes", "50000")
	read := func(key string) *kadm.Config {
		described, err := admin.DescribeTopicConfigs(ctx, topic)
		return entry(key, described, err)
	}
	alter := func(operation kadm.IncrementalOp, key, val string) error {
		answers, err := admin.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: operation, Name: key, Value: &val}}, topic)
		check("altering", err)
		return answers[0].Err
	}
	change := func(operation kadm.IncrementalOp, key, val, becomes string) {
		check("altering", alter(operation, key, val))
		await(ctx, key+" "+becomes, func() bool { return read(key).MaybeValue() == becomes })
	}
	size := read("max.message.bytes")
	equal("value", "50000", size.MaybeValue())
	equal("source", kmsg.ConfigSourceDynamicTopicConfig, size.Source)
	equal("second synonym", "message.max.bytes", size.Synonyms[1].Key)
	equal("default", "604800000", read("retention.ms").MaybeValue())
	equal("source of the default", kmsg.ConfigSourceDefaultConfig, read("retention.ms").Source)
	change(kadm.SetConfig, "retention.ms", "1000000", "1000000")
	change(kadm.AppendConfig, "cleanup.policy", "compact", "delete,compact")
	change(kadm.SubtractConfig, "cleanup.policy", "delete", "compact")
	change(kadm.DeleteConfig, "retention.ms", "", "604800000")
	fails("no number", kerr.InvalidConfig, alter(kadm.SetConfig, "retention.ms", "soon"))
	fails("no such config", kerr.InvalidConfig, alter(kadm.SetConfig, "no.such.key", "1"))
	// All that the topic is to have of its own: the rest goes back to its default.
	answers, err := admin.AlterTopicConfigsState(ctx, []kadm.AlterConfig{{Name: "retention.ms", Value: kadm.StringPtr("2000000")}}, topic)
	check("setting all", err)
	check("setting all", answers[0].Err)
	await(ctx, "the new state", func() bool {
		return read("retention.ms").MaybeValue() == "2000000" && read("cleanup.policy").MaybeValue() == "delete"
	})
	equal("max.message.bytes", "1048588", read("max.message.bytes").MaybeValue())
	none, err := admin.DescribeTopicConfigs(ctx, topic+"-none")
	check("describing none", err)
	fails("configs of what is not there", kerr.UnknownTopicOrPartition, none[0].Err)
}

func brokerConfig(ctx context.Context, topic string) {
	described, err := admin.DescribeBrokerConfigs(ctx, 1)
	node, partitions := entry("node.id", described, err), entry("num.partitions", described, err)
	equal("node.id", "1", node.MaybeValue())
	equal("num.partitions", "3", partitions.MaybeValue())
	equal("source", kmsg.ConfigSourceStaticBrokerConfig, partitions.Source)
}

func clusterDescribe(ctx context.Context, topic string) {
	cluster, err := admin.BrokerMetadata(ctx)
	check("describing", err)
	equal("length of the cluster id", 22, len(cluster.Cluster))
	equal("controller", int32(1), cluster.Controller)
	equal("nodes", 1, len(cluster.Brokers))
	broker := cluster.Brokers[0]
	equal("node", int32(1), broker.NodeID)
	equal("address", bootstrap, fmt.Sprintf("%s:%d", broker.Host, broker.Port))
	versions, err := admin.ApiVersions(ctx)
	check("versions", err)
	node := versions[1]
	_, produces := node.KeyMaxVersion(0)
	holds("Produce is offered", produces)
}
