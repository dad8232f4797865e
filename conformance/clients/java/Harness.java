import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What the cases of the Java client share: clients of the node, and expectations. */
abstract class Harness {
    /** A case is told a topic of its own name that does not exist yet. */
    interface Case {
        void run(String topic) throws Exception;
    }

    static String bootstrap;
    static Admin admin;

    // Clients

    static KafkaProducer<byte[], byte[]> producer(String... settings) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("delivery.timeout.ms", "20000");
        properties.put("request.timeout.ms", "10000");
        for (int i = 0; i < settings.length; i += 2) {
            properties.put(settings[i], settings[i + 1]);
        }
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    static KafkaConsumer<byte[], byte[]> consumer(String... settings) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "none");
        for (int i = 0; i < settings.length; i += 2) {
            properties.put(settings[i], settings[i + 1]);
        }
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static void create(String topic, int partitions, String... configs) throws Exception {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < configs.length; i += 2) {
            map.put(configs[i], configs[i + 1]);
        }
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(map))).all().get();
        ready(topic, partitions);
    }

    /**
     * Waits until the partitions answer: the controller acknowledges a topic before its broker has the logs, and a producer with
     * several requests in flight would see the first of them refused and the second, out of sequence, taken.
     */
    static void ready(String topic, int partitions) throws Exception {
        var latest = partitionsOf(topic, partitions).stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest()));
        await("the partitions", () -> {
            try {
                admin.listOffsets(latest).all().get();
                return true;
            } catch (ExecutionException e) {
                holds("only not yet there: " + e, e.getCause() instanceof UnknownTopicOrPartitionException);
                return false;
            }
        });
    }

    static List<TopicPartition> partitionsOf(String topic, int count) {
        return IntStream.range(0, count).mapToObj(i -> new TopicPartition(topic, i)).toList();
    }

    /** The records from the beginning of these partitions, `count` of them and not one more. */
    static List<ConsumerRecord<byte[], byte[]>> consume(List<TopicPartition> partitions, int count) {
        try (var consumer = consumer()) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            return poll(consumer, count);
        }
    }

    static List<ConsumerRecord<byte[], byte[]>> poll(KafkaConsumer<byte[], byte[]> consumer, int count) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (records.size() < count && System.nanoTime() < deadline) {
            consumer.poll(Duration.ofMillis(200)).forEach(records::add);
        }
        long end = consumer.endOffsets(consumer.assignment()).values().stream().mapToLong(Long::longValue).sum();
        long at = consumer.assignment().stream().mapToLong(consumer::position).sum();
        equal("position at the end", end, at);
        equal("number of records", count, records.size());
        return records;
    }

    /** Sends records without waiting in between; every one must be acknowledged. */
    static List<RecordMetadata> sendAll(IntFunction<ProducerRecord<byte[], byte[]>> record, int count, String... settings)
        throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (var producer = producer(settings)) {
            for (int i = 0; i < count; i++) {
                sent.add(producer.send(record.apply(i)));
            }
        }
        List<RecordMetadata> answers = new ArrayList<>();
        for (var future : sent) {
            answers.add(future.get());
        }
        return answers;
    }

    // Expectations

    interface Action {
        void run() throws Exception;
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    static void await(String what, Condition condition) throws Exception {
        await(what, Duration.ofSeconds(30), condition);
    }

    static void await(String what, Duration limit, Condition condition) throws Exception {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.holds()) {
            holds(what + " within " + limit.toSeconds() + " s", System.nanoTime() < deadline);
            Thread.sleep(20);
        }
    }

    static void fails(Class<? extends KafkaException> expected, Action action) {
        try {
            action.run();
        } catch (Exception e) {
            Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
            if (expected.isInstance(cause)) {
                return;
            }
            throw new AssertionError("expected " + expected.getSimpleName() + ", found " + cause, cause);
        }
        throw new AssertionError("expected " + expected.getSimpleName() + ", found success");
    }

    static void holds(String what, boolean condition) {
        if (!condition) {
            throw new AssertionError("does not hold: " + what);
        }
    }

    static void equal(String what, Object expected, Object found) {
        if (!Objects.equals(expected, found)) {
            throw new AssertionError(what + ": expected " + expected + ", found " + found);
        }
    }

    static void equalBytes(String what, byte[] expected, byte[] found) {
        if (!java.util.Arrays.equals(expected, found)) {
            throw new AssertionError(what + ": expected " + text(expected) + ", found " + text(found));
        }
    }

    static long offset(String topic, OffsetSpec spec) throws Exception {
        var partition = new TopicPartition(topic, 0);
        return admin.listOffsets(Map.of(partition, spec)).partitionResult(partition).get().offset();
    }

    static long endOffset(String topic, int partition) throws Exception {
        var key = new TopicPartition(topic, partition);
        return admin.listOffsets(Map.of(key, OffsetSpec.latest())).partitionResult(key).get().offset();
    }

    static byte[] value(int i) {
        return bytes("value " + i + " of many, with words that repeat, repeat, repeat");
    }

    static byte[] noise(int size) {
        byte[] noise = new byte[size];
        new Random(size).nextBytes(noise);
        return noise;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static String text(byte[] bytes) {
        return bytes == null ? "null" : bytes.length > 200 ? bytes.length + " bytes" : new String(bytes, StandardCharsets.UTF_8);
    }
}
