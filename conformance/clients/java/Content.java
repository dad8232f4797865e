import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Prints what a client can see of a cluster, so that two brokers on one directory can be compared: {@code Content BOOTSTRAP}.
 * Cluster id, features, dynamic configs, topics with their ids, offsets, offsets by time, and for each thousand records of a partition
 * a digest of their offsets, timestamps, keys, values and headers.
 */
class Content {
    public static void main(String[] args) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", args[0]))) {
            System.out.println("cluster " + admin.describeCluster().clusterId().get());
            for (var feature : new TreeMap<>(admin.describeFeatures().featureMetadata().get().finalizedFeatures()).entrySet()) {
                System.out.println("feature " + feature.getKey() + " " + feature.getValue().maxVersionLevel());
            }
            printConfigs(admin, new ConfigResource(ConfigResource.Type.BROKER, ""));
            for (String topic : new TreeSet<>(admin.listTopics().names().get())) {
                var description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
                System.out.println("topic " + topic + " " + description.topicId() + " " + description.partitions().size());
                printConfigs(admin, new ConfigResource(ConfigResource.Type.TOPIC, topic));
                for (int i = 0; i < description.partitions().size(); i++) {
                    printPartition(admin, args[0], new TopicPartition(topic, i));
                }
            }
        }
    }

    private static void printConfigs(Admin admin, ConfigResource resource) throws Exception {
        var entries = admin.describeConfigs(List.of(resource)).all().get().get(resource).entries();
        var dynamic = new TreeMap<String, String>();
        for (var entry : entries) {
            boolean own = resource.type() == ConfigResource.Type.TOPIC
                ? entry.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG
                : entry.source() == ConfigEntry.ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG;
            if (own) {
                dynamic.put(entry.name(), entry.value());
            }
        }
        System.out.println("configs of " + resource + " " + dynamic);
    }

    private static void printPartition(Admin admin, String bootstrap, TopicPartition partition) throws Exception {
        long start = offset(admin, partition, OffsetSpec.earliest());
        long end = offset(admin, partition, OffsetSpec.latest());
        System.out.println(partition + " from " + start + " to " + end + " largest timestamp at " + offset(admin, partition, OffsetSpec.maxTimestamp()));
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("auto.offset.reset", "none");
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        long count = 0;
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, start);
            long deadline = System.nanoTime() + 60_000_000_000L;
            while (consumer.position(partition) < end) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(partition + ": stuck at " + consumer.position(partition) + " of " + end);
                }
                for (var record : consumer.poll(Duration.ofMillis(500))) {
                    add(digest, record);
                    if (++count % 1000 == 0) {
                        System.out.println(partition + " records to offset " + record.offset() + " " + HexFormat.of().formatHex(digest.digest()));
                        long sought = offset(admin, partition, OffsetSpec.forTimestamp(record.timestamp()));
                        System.out.println(partition + " offset of time " + record.timestamp() + " is " + sought);
                    }
                }
            }
        }
        System.out.println(partition + " has " + count + " records " + HexFormat.of().formatHex(digest.digest()));
    }

    private static long offset(Admin admin, TopicPartition partition, OffsetSpec spec) throws Exception {
        return admin.listOffsets(Map.of(partition, spec)).partitionResult(partition).get().offset();
    }

    private static void add(MessageDigest digest, ConsumerRecord<byte[], byte[]> record) {
        digest.update(ByteBuffer.allocate(20).putLong(record.offset()).putLong(record.timestamp()).putInt(record.timestampType().id).flip());
        add(digest, record.key());
        add(digest, record.value());
        for (var header : record.headers()) {
            add(digest, header.key().getBytes(java.nio.charset.StandardCharsets.UTF_8));
            add(digest, header.value());
        }
    }

    private static void add(MessageDigest digest, byte[] bytes) {
        digest.update(ByteBuffer.allocate(4).putInt(bytes == null ? -1 : bytes.length).flip());
        if (bytes != null) {
            digest.update(bytes);
        }
    }
}
