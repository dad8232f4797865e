import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Gives a cluster something to lose: {@code Fill BOOTSTRAP ROUND}. Round 0 makes the topics, each later round changes them and adds
 * records: every codec, segments that roll, keys and none, tombstones, headers, old and new timestamps, idempotent producers and others.
 */
class Fill {
    private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");

    public static void main(String[] args) throws Exception {
        String bootstrap = args[0];
        int round = Integer.parseInt(args[1]);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            for (String codec : CODECS) {
                String topic = "swap-" + codec;
                if (round == 0) {
                    create(admin, topic, 2, Map.of("segment.bytes", "1048576", "index.interval.bytes", "1024"));
                }
                produce(bootstrap, topic, round, 2, codec, !codec.equals("gzip"));
            }
            if (round == 0) {
                create(admin, "swap-compacted", 1, Map.of("cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.9"));
                create(admin, "swap-append-time", 1, Map.of("message.timestamp.type", "LogAppendTime"));
                create(admin, "swap-empty", 3, Map.of());
                create(admin, "swap-deleted", 2, Map.of());
                produce(bootstrap, "swap-deleted", round, 2, "none", true);
                admin.deleteTopics(List.of("swap-deleted")).all().get();
                create(admin, "swap-grown", 1, Map.of());
            }
            admin.createPartitions(Map.of("swap-grown", NewPartitions.increaseTo(2 + round))).all().get();
            ready(admin, "swap-grown", 2 + round);
            create(admin, "swap-round-" + round, 1, Map.of());
            for (String topic : List.of("swap-compacted", "swap-append-time", "swap-grown", "swap-round-" + round)) {
                produce(bootstrap, topic, round, 1, "lz4", true);
            }
            var resource = new ConfigResource(ConfigResource.Type.TOPIC, "swap-empty");
            var brokers = new ConfigResource(ConfigResource.Type.BROKER, "");
            admin.incrementalAlterConfigs(Map.of(
                resource, List.of(set("retention.ms", Long.toString(90_000_000_000L + round)), set("max.message.bytes", "123456")),
                brokers, List.of(set("log.segment.delete.delay.ms", Integer.toString(50_000 + round)))
            )).all().get();
            if (round > 0) {
                var unset = new AlterConfigOp(new ConfigEntry("max.message.bytes", null), AlterConfigOp.OpType.DELETE);
                admin.incrementalAlterConfigs(Map.of(resource, List.of(unset))).all().get();
            }
        }
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }

    private static void create(Admin admin, String topic, int partitions, Map<String, String> configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all().get();
        ready(admin, topic, partitions);
    }

    /** The controller acknowledges partitions before its broker has the logs. */
    private static void ready(Admin admin, String topic, int partitions) throws Exception {
        var latest = IntStream.range(0, partitions).boxed().collect(Collectors.toMap(i -> new TopicPartition(topic, i), i -> OffsetSpec.latest()));
        for (int left = 500;; left--) {
            try {
                admin.listOffsets(latest).all().get();
                return;
            } catch (ExecutionException e) {
                if (left == 0 || !(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
                Thread.sleep(20);
            }
        }
    }

    private static void produce(String bootstrap, String topic, int round, int partitions, String codec, boolean idempotent) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("compression.type", codec);
        properties.put("linger.ms", "5");
        properties.put("acks", "all");
        properties.put("enable.idempotence", Boolean.toString(idempotent));
        Random random = new Random(topic.hashCode() + round);
        List<Future<?>> sent = new ArrayList<>();
        try (var producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < 3000; i++) {
                byte[] value = null;
                if (i % 17 != 0) {
                    value = new byte[random.nextInt(2000)];
                    random.nextBytes(value);
                }
                boolean keyed = i % 3 != 0 || topic.equals("swap-compacted");
                byte[] key = keyed ? ByteBuffer.allocate(4).putInt(random.nextInt(500)).array() : null;
                Long timestamp = i % 2 == 0 ? null : System.currentTimeMillis() - random.nextInt(100_000);
                var record = new ProducerRecord<>(topic, i % partitions, timestamp, key, value);
                if (i % 5 == 0) {
                    record.headers().add("round", new byte[] {(byte) round}).add("none", null);
                }
                sent.add(producer.send(record));
            }
        }
        for (var future : sent) {
            future.get();
        }
    }
}
