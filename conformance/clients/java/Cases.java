import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.utils.Utils;

/** The Java client against a node: {@code Cases BOOTSTRAP LOGS} prints {@code case pass|fail seconds} for each case. */
class Cases extends Harness {
    /** Not so old that retention takes what has it. */
    private static final long BASE_TIME = System.currentTimeMillis() - 3_600_000;
    /** A record without a key has 11 bytes besides a value of this size, and its batch 61: together the default of max.message.bytes. */
    private static final int LARGEST_VALUE = 1_048_588 - 61 - 11;

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        Path logs = Path.of(args[1]);
        Map<String, Case> cases = new LinkedHashMap<>();
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            cases.put("codec-" + codec, topic -> roundTrip(topic, "compression.type", codec, "linger.ms", "20"));
        }
        cases.put("acks-0", Cases::acksNone);
        cases.put("acks-1", topic -> roundTrip(topic, "acks", "1", "enable.idempotence", "false"));
        cases.put("acks-all", topic -> roundTrip(topic, "acks", "all"));
        cases.put("idempotent", topic -> roundTrip(topic, "enable.idempotence", "true", "batch.size", "500"));
        cases.put("not-idempotent", topic -> roundTrip(topic, "enable.idempotence", "false", "batch.size", "500"));
        cases.put("keyed", Cases::keyed);
        cases.put("unkeyed", Cases::unkeyed);
        cases.put("partitioner", Cases::partitioner);
        cases.put("many-partitions", Cases::manyPartitions);
        cases.put("null-key", topic -> oneRecord(topic, null, bytes("value")));
        cases.put("null-value", topic -> oneRecord(topic, bytes("key"), null));
        cases.put("both-null", topic -> oneRecord(topic, null, null));
        cases.put("empty-value", topic -> oneRecord(topic, bytes("key"), new byte[0]));
        cases.put("headers", Cases::headers);
        cases.put("sizes", Cases::sizes);
        cases.put("too-large", Cases::tooLarge);
        cases.put("earliest", Cases::earliest);
        cases.put("latest", Cases::latest);
        cases.put("timestamp", Cases::timestamp);
        cases.put("log-append-time", Cases::logAppendTime);
        cases.put("out-of-range", Cases::outOfRange);
        cases.put("fetch-limits", Cases::fetchLimits);
        cases.put("unknown-topic", Cases::unknownTopic);
        cases.put("topic-create", Cases::createTopic);
        cases.put("topic-describe", Cases::describeTopic);
        cases.put("topic-grow", Cases::growTopic);
        cases.put("topic-delete", Cases::deleteTopic);
        cases.put("topic-config", Cases::topicConfig);
        cases.put("broker-config", topic -> brokerConfig());
        cases.put("cluster-describe", topic -> describeCluster());
        cases.putAll(Groups.cases());

        try (Admin shared = Admin.create(Map.of("bootstrap.servers", bootstrap, "default.api.timeout.ms", "30000"))) {
            admin = shared;
            for (var entry : cases.entrySet()) {
                if (args.length > 2 && !args[2].equals(entry.getKey())) {
                    continue;
                }
                long start = System.nanoTime();
                String verdict = "pass";
                try {
                    entry.getValue().run("java-" + entry.getKey());
                } catch (Throwable failure) {
                    verdict = "fail";
                    var text = new java.io.StringWriter();
                    failure.printStackTrace(new java.io.PrintWriter(text));
                    Files.writeString(logs.resolve("java." + entry.getKey() + ".log"), text.toString());
                }
                System.out.println(entry.getKey() + " " + verdict + " " + (System.nanoTime() - start) / 1_000_000_000);
            }
        }
    }

    // Produce and consume

    private static void roundTrip(String topic, String... settings) throws Exception {
        create(topic, 1);
        int count = 5000;
        var sent = sendAll(i -> new ProducerRecord<>(topic, 0, BASE_TIME + i, null, value(i)), count, settings);
        for (int i = 0; i < count; i++) {
            equal("offset in the answer", (long) i, sent.get(i).offset());
        }
        var records = consume(partitionsOf(topic, 1), count);
        for (int i = 0; i < count; i++) {
            equal("offset", (long) i, records.get(i).offset());
            equal("timestamp", BASE_TIME + i, records.get(i).timestamp());
            equalBytes("value", value(i), records.get(i).value());
        }
    }

    private static void acksNone(String topic) throws Exception {
        create(topic, 1);
        try (var producer = producer("acks", "0", "enable.idempotence", "false")) {
            for (int i = 0; i < 1000; i++) {
                producer.send(new ProducerRecord<>(topic, 0, null, value(i)));
            }
        }
        await("the records", () -> endOffset(topic, 0) == 1000);
        var records = consume(partitionsOf(topic, 1), 1000);
        for (int i = 0; i < 1000; i++) {
            equalBytes("value", value(i), records.get(i).value());
        }
    }

    private static void keyed(String topic) throws Exception {
        create(topic, 5);
        int keys = 41;
        int count = 4100;
        sendAll(i -> new ProducerRecord<>(topic, bytes("key-" + i % keys), value(i)), count, "batch.size", "1000", "compression.type", "zstd");
        int[] next = IntStream.range(0, keys).toArray();
        for (var record : consume(partitionsOf(topic, 5), count)) {
            int key = Integer.parseInt(text(record.key()).substring(4));
            equal("partition of " + key, Utils.toPositive(Utils.murmur2(record.key())) % 5, record.partition());
            equalBytes("value of key " + key + " in its order", value(next[key]), record.value());
            next[key] += keys;
        }
    }

    private static void unkeyed(String topic) throws Exception {
        create(topic, 4);
        int count = 4000;
        sendAll(i -> new ProducerRecord<>(topic, value(i)), count, "batch.size", "1000");
        Set<String> found = consume(partitionsOf(topic, 4), count).stream().map(r -> text(r.value())).collect(Collectors.toSet());
        equal("distinct values", count, found.size());
    }

    private static void partitioner(String topic) throws Exception {
        create(topic, 7);
        try (var producer = producer()) {
            for (int i = 0; i < 700; i++) {
                byte[] key = new byte[i % 33];
                new Random(i).nextBytes(key);
                int chosen = producer.send(new ProducerRecord<>(topic, key, bytes(""))).get().partition();
                equal("partition of key " + i, Utils.toPositive(Utils.murmur2(key)) % 7, chosen);
            }
        }
        for (var record : consume(partitionsOf(topic, 7), 700)) {
            equal("partition", Utils.toPositive(Utils.murmur2(record.key())) % 7, record.partition());
        }
    }

    private static void manyPartitions(String topic) throws Exception {
        for (int partitions : new int[] {1, 10, 100}) {
            String name = topic + "-" + partitions;
            create(name, partitions);
            sendAll(i -> new ProducerRecord<>(name, i % partitions, null, value(i)), 1000);
            long[] next = new long[partitions];
            for (var record : consume(partitionsOf(name, partitions), 1000)) {
                long offset = next[record.partition()]++;
                equal("offset", offset, record.offset());
                equalBytes("value", value(record.partition() + (int) offset * partitions), record.value());
            }
        }
    }

    private static void oneRecord(String topic, byte[] key, byte[] value) throws Exception {
        create(topic, 1);
        try (var producer = producer()) {
            producer.send(new ProducerRecord<>(topic, key, value)).get();
        }
        var record = consume(partitionsOf(topic, 1), 1).get(0);
        equalBytes("key", key, record.key());
        equalBytes("value", value, record.value());
    }

    private static void headers(String topic) throws Exception {
        create(topic, 1);
        try (var producer = producer()) {
            var record = new ProducerRecord<>(topic, bytes("key"), bytes("value"));
            record.headers().add("first", bytes("1")).add("empty", new byte[0]).add("first", bytes("zwölf")).add("none", null);
            producer.send(record).get();
        }
        var headers = consume(partitionsOf(topic, 1), 1).get(0).headers().toArray();
        equal("number of headers", 4, headers.length);
        equal("names", List.of("first", "empty", "first", "none"), List.of(headers).stream().map(h -> h.key()).toList());
        equalBytes("first", bytes("1"), headers[0].value());
        equalBytes("empty", new byte[0], headers[1].value());
        equalBytes("third", bytes("zwölf"), headers[2].value());
        equalBytes("none", null, headers[3].value());
    }

    private static void sizes(String topic) throws Exception {
        create(topic, 1);
        int[] sizes = {1, 2, 63, 64, 1000, 16_384, 100_000, 1_000_000, LARGEST_VALUE};
        try (var producer = producer("max.request.size", "2000000")) {
            for (int size : sizes) {
                producer.send(new ProducerRecord<>(topic, noise(size))).get();
            }
            fails(RecordTooLargeException.class, () -> producer.send(new ProducerRecord<>(topic, noise(LARGEST_VALUE + 1))).get());
        }
        var records = consume(partitionsOf(topic, 1), sizes.length);
        for (int i = 0; i < sizes.length; i++) {
            equalBytes("value", noise(sizes[i]), records.get(i).value());
        }
    }

    private static void tooLarge(String topic) throws Exception {
        create(topic, 1, "max.message.bytes", "10000");
        try (var producer = producer("max.request.size", "2000000", "compression.type", "none")) {
            fails(RecordTooLargeException.class, () -> producer.send(new ProducerRecord<>(topic, new byte[20_000])).get());
            // The connection stays: the next record goes through.
            equal("offset", 0L, producer.send(new ProducerRecord<>(topic, new byte[5_000])).get().offset());
        }
    }

    // Where reading starts

    private static void fill(String topic, int count) throws Exception {
        sendAll(i -> new ProducerRecord<>(topic, 0, BASE_TIME + i * 10L, null, value(i)), count, "batch.size", "300");
    }

    private static void earliest(String topic) throws Exception {
        create(topic, 1);
        fill(topic, 100);
        equal("earliest", 0L, offset(topic, OffsetSpec.earliest()));
        equal("first record", 0L, consume(partitionsOf(topic, 1), 100).get(0).offset());
    }

    private static void latest(String topic) throws Exception {
        create(topic, 1);
        fill(topic, 100);
        equal("latest", 100L, offset(topic, OffsetSpec.latest()));
        try (var consumer = consumer(); var producer = producer()) {
            consumer.assign(partitionsOf(topic, 1));
            consumer.seekToEnd(consumer.assignment());
            equal("position", 100L, consumer.position(new TopicPartition(topic, 0)));
            producer.send(new ProducerRecord<>(topic, 0, null, bytes("new"))).get();
            equal("first record", "new", text(poll(consumer, 1).get(0).value()));
        }
    }

    private static void timestamp(String topic) throws Exception {
        create(topic, 1);
        fill(topic, 100);
        equal("at a record's time", 50L, offset(topic, OffsetSpec.forTimestamp(BASE_TIME + 500)));
        equal("between two records", 51L, offset(topic, OffsetSpec.forTimestamp(BASE_TIME + 501)));
        equal("before all", 0L, offset(topic, OffsetSpec.forTimestamp(0)));
        equal("after all", -1L, offset(topic, OffsetSpec.forTimestamp(BASE_TIME + 86_400_000)));
        equal("of the largest timestamp", 99L, offset(topic, OffsetSpec.maxTimestamp()));
        try (var consumer = consumer()) {
            var partition = new TopicPartition(topic, 0);
            var found = consumer.offsetsForTimes(Map.of(partition, BASE_TIME + 501)).get(partition);
            equal("offset", 51L, found.offset());
            equal("timestamp", BASE_TIME + 510, found.timestamp());
            consumer.assign(List.of(partition));
            consumer.seek(partition, found.offset());
            equal("first record", 51L, poll(consumer, 49).get(0).offset());
        }
    }

    private static void logAppendTime(String topic) throws Exception {
        create(topic, 1, "message.timestamp.type", "LogAppendTime");
        long before = System.currentTimeMillis();
        try (var producer = producer("compression.type", "gzip")) {
            long answered = producer.send(new ProducerRecord<>(topic, 0, 5L, null, bytes("value"))).get().timestamp();
            var record = consume(partitionsOf(topic, 1), 1).get(0);
            equal("timestamp in the answer", record.timestamp(), answered);
            holds("time is the broker's", record.timestamp() >= before && record.timestamp() <= System.currentTimeMillis());
        }
        create(topic + "-bounds", 1, "message.timestamp.before.max.ms", "1000");
        try (var producer = producer()) {
            fails(InvalidTimestampException.class, () -> producer.send(new ProducerRecord<>(topic + "-bounds", 0, 5L, null, bytes("old"))).get());
        }
    }

    private static void outOfRange(String topic) throws Exception {
        create(topic, 1);
        fill(topic, 10);
        try (var consumer = consumer()) {
            var partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seek(partition, 11);
            boolean[] thrown = {false};
            await("an error for an offset beyond the end", () -> {
                try {
                    consumer.poll(Duration.ofMillis(200));
                } catch (OffsetOutOfRangeException e) {
                    thrown[0] = true;
                }
                return thrown[0];
            });
        }
    }

    /** Small limits slow reading down but never stop it, not even at a batch larger than they are. */
    private static void fetchLimits(String topic) throws Exception {
        create(topic, 3);
        sendAll(i -> new ProducerRecord<>(topic, i % 3, null, new byte[1000]), 600, "batch.size", "20000", "linger.ms", "50");
        try (var consumer = consumer("max.partition.fetch.bytes", "1000", "fetch.max.bytes", "2000", "fetch.min.bytes", "100", "max.poll.records", "7")) {
            consumer.assign(partitionsOf(topic, 3));
            consumer.seekToBeginning(consumer.assignment());
            poll(consumer, 600);
        }
        try (var consumer = consumer("fetch.min.bytes", "1000000", "fetch.max.wait.ms", "500")) {
            consumer.assign(partitionsOf(topic, 3));
            consumer.seekToBeginning(consumer.assignment());
            poll(consumer, 600);
        }
    }

    private static void unknownTopic(String topic) throws Exception {
        var partition = new TopicPartition(topic, 0);
        fails(UnknownTopicOrPartitionException.class, () -> describe(topic));
        fails(UnknownTopicOrPartitionException.class, () -> offset(topic, OffsetSpec.latest()));
        try (var consumer = consumer("allow.auto.create.topics", "false", "default.api.timeout.ms", "1000")) {
            fails(TimeoutException.class, () -> consumer.endOffsets(List.of(partition)));
        }
        holds("asking creates nothing", !admin.listTopics().names().get().contains(topic));
        // Producing does, with the number of partitions that the node is configured with.
        try (var producer = producer()) {
            producer.send(new ProducerRecord<>(topic, bytes("value"))).get();
        }
        equal("partitions", 3, describe(topic).partitions().size());
    }

    // Topics and configs

    private static void createTopic(String topic) throws Exception {
        var made = admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1).configs(Map.of("retention.ms", "1234567"))));
        made.all().get();
        ready(topic, 3);
        equal("partitions in the answer", 3, made.numPartitions(topic).get());
        equal("config in the answer", "1234567", made.config(topic).get().get("retention.ms").value());
        equal("id", made.topicId(topic).get(), describe(topic).topicId());
        fails(TopicExistsException.class, () -> create(topic, 3));
        fails(InvalidTopicException.class, () -> create("not/a/name", 1));
        fails(InvalidPartitionsException.class, () -> create(topic + "-0", 0));
        fails(InvalidConfigurationException.class, () -> create(topic + "-1", 1, "retention.ms", "soon"));
        fails(InvalidReplicationFactorException.class, () -> admin.createTopics(List.of(new NewTopic(topic + "-2", 1, (short) 2))).all().get());
        var dry = new org.apache.kafka.clients.admin.CreateTopicsOptions().validateOnly(true);
        admin.createTopics(List.of(new NewTopic(topic + "-dry", 1, (short) 1)), dry).all().get();
        holds("a trial creates nothing", !admin.listTopics().names().get().contains(topic + "-dry"));
        holds("it is listed", admin.listTopics().names().get().contains(topic));
    }

    private static TopicDescription describe(String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    }

    private static void describeTopic(String topic) throws Exception {
        create(topic, 5);
        var description = describe(topic);
        equal("partitions", 5, description.partitions().size());
        for (var partition : description.partitions()) {
            equal("leader", 1, partition.leader().id());
            equal("replicas", 1, partition.replicas().size());
            equal("in-sync replicas", 1, partition.isr().size());
            equal("eligible leader replicas", 0, partition.elr().size());
        }
        var byId = admin.describeTopics(org.apache.kafka.common.TopicCollection.ofTopicIds(List.of(description.topicId()))).allTopicIds().get();
        equal("name by id", topic, byId.get(description.topicId()).name());
        fails(UnknownTopicOrPartitionException.class, () -> describe(topic + "-none"));
    }

    private static void growTopic(String topic) throws Exception {
        create(topic, 2);
        fill(topic, 10);
        admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(4))).all().get();
        await("the new partitions", () -> describe(topic).partitions().size() == 4);
        try (var producer = producer()) {
            equal("first offset of the new partition", 0L, producer.send(new ProducerRecord<>(topic, 3, null, bytes("new"))).get().offset());
        }
        equal("records", 11, consume(partitionsOf(topic, 4), 11).size());
        fails(InvalidPartitionsException.class, () -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get());
    }

    private static void deleteTopic(String topic) throws Exception {
        create(topic, 2);
        fill(topic, 10);
        var first = describe(topic).topicId();
        admin.deleteTopics(List.of(topic)).all().get();
        await("its end", () -> !admin.listTopics().names().get().contains(topic));
        fails(UnknownTopicOrPartitionException.class, () -> admin.deleteTopics(List.of(topic)).all().get());
        create(topic, 1);
        holds("another id", !describe(topic).topicId().equals(first));
        equal("records of the new topic", 0L, endOffset(topic, 0));
        admin.deleteTopics(org.apache.kafka.common.TopicCollection.ofTopicIds(List.of(describe(topic).topicId()))).all().get();
        await("its end by id", () -> !admin.listTopics().names().get().contains(topic));
    }

    private static ConfigEntry config(ConfigResource resource, String name) throws Exception {
        return admin.describeConfigs(List.of(resource), new org.apache.kafka.clients.admin.DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true))
            .all().get().get(resource).get(name);
    }

    private static void alter(ConfigResource resource, String name, String value, AlterConfigOp.OpType type) throws Exception {
        admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(name, value), type)))).all().get();
    }

    private static void topicConfig(String topic) throws Exception {
        create(topic, 1, "max.message.bytes", "50000");
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        var entry = config(resource, "max.message.bytes");
        equal("value", "50000", entry.value());
        equal("source", ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, entry.source());
        equal("type", ConfigEntry.ConfigType.INT, entry.type());
        equal("synonyms", List.of("max.message.bytes", "message.max.bytes"), entry.synonyms().stream().map(s -> s.name()).toList());
        holds("documentation", entry.documentation() != null && !entry.documentation().isEmpty());
        equal("default source", ConfigEntry.ConfigSource.DEFAULT_CONFIG, config(resource, "retention.ms").source());
        equal("default", "604800000", config(resource, "retention.ms").value());

        alter(resource, "retention.ms", "1000000", AlterConfigOp.OpType.SET);
        await("the new value", () -> "1000000".equals(config(resource, "retention.ms").value()));
        alter(resource, "cleanup.policy", "compact", AlterConfigOp.OpType.APPEND);
        await("the longer list", () -> "delete,compact".equals(config(resource, "cleanup.policy").value()));
        alter(resource, "cleanup.policy", "delete", AlterConfigOp.OpType.SUBTRACT);
        await("the shorter list", () -> "compact".equals(config(resource, "cleanup.policy").value()));
        alter(resource, "retention.ms", null, AlterConfigOp.OpType.DELETE);
        await("the default", () -> "604800000".equals(config(resource, "retention.ms").value()));
        fails(InvalidConfigurationException.class, () -> alter(resource, "retention.ms", "soon", AlterConfigOp.OpType.SET));
        fails(InvalidConfigurationException.class, () -> alter(resource, "no.such.key", "1", AlterConfigOp.OpType.SET));
        fails(UnknownTopicOrPartitionException.class, () -> config(new ConfigResource(ConfigResource.Type.TOPIC, topic + "-none"), "retention.ms"));
    }

    private static void brokerConfig() throws Exception {
        var broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        var all = new ConfigResource(ConfigResource.Type.BROKER, "");
        equal("node.id", "1", config(broker, "node.id").value());
        holds("node.id is read-only", config(broker, "node.id").isReadOnly());
        equal("source", ConfigEntry.ConfigSource.STATIC_BROKER_CONFIG, config(broker, "num.partitions").source());
        alter(all, "log.roll.ms", "7000000", AlterConfigOp.OpType.SET);
        await("the cluster's value", () -> "7000000".equals(config(broker, "log.roll.ms").value()));
        equal("source", ConfigEntry.ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG, config(broker, "log.roll.ms").source());
        alter(broker, "log.roll.ms", "8000000", AlterConfigOp.OpType.SET);
        await("the broker's value", () -> "8000000".equals(config(broker, "log.roll.ms").value()));
        equal("source", ConfigEntry.ConfigSource.DYNAMIC_BROKER_CONFIG, config(broker, "log.roll.ms").source());
        alter(broker, "log.roll.ms", null, AlterConfigOp.OpType.DELETE);
        alter(all, "log.roll.ms", null, AlterConfigOp.OpType.DELETE);
        await("neither", () -> config(broker, "log.roll.ms").value() == null);
    }

    private static void describeCluster() throws Exception {
        var cluster = admin.describeCluster();
        equal("cluster id", 22, cluster.clusterId().get().length());
        equal("nodes", 1, cluster.nodes().get().size());
        var node = cluster.nodes().get().iterator().next();
        equal("address", bootstrap, node.host() + ":" + node.port());
        equal("controller", 1, cluster.controller().get().id());
        var features = admin.describeFeatures().featureMetadata().get().finalizedFeatures();
        holds("metadata.version is known", features.containsKey("metadata.version"));
    }
}
