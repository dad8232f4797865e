import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;

/**
 * A large text, a line a record, through the Java client and back: {@code Text BOOTSTRAP TOPIC CODEC FILE}.
 * Lines with a number divisible by four have no key and go to partition 0; the others have one of 1000 keys and go where Java's
 * partitioner puts them. What each of the topic's three partitions must hold, in order, is computed from the file alone.
 */
class Text {
    private static final int PARTITIONS = 3;
    private static final int KEYS = 1000;

    public static void main(String[] args) throws Exception {
        String bootstrap = args[0];
        String topic = args[1];
        var sent = digests();
        long[] counts = new long[PARTITIONS];
        Properties producing = new Properties();
        producing.put("bootstrap.servers", bootstrap);
        producing.put("compression.type", args[2]);
        producing.put("linger.ms", "20");
        producing.put("batch.size", "200000");
        var failure = new AtomicReference<Exception>();
        try (var producer = new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer());
             InputStream in = new BufferedInputStream(new FileInputStream(args[3]), 1 << 20)) {
            long number = 0;
            for (byte[] line = line(in); line != null; line = line(in), number++) {
                byte[] key = number % 4 == 0 ? null : ("key-" + number % KEYS).getBytes(StandardCharsets.UTF_8);
                int partition = key == null ? 0 : Utils.toPositive(Utils.murmur2(key)) % PARTITIONS;
                add(sent.get(partition), key, line);
                counts[partition]++;
                producer.send(new ProducerRecord<>(topic, key == null ? 0 : null, key, line), (metadata, error) -> {
                    if (error != null) {
                        failure.compareAndSet(null, error);
                    }
                });
            }
        }
        if (failure.get() != null) {
            throw failure.get();
        }

        var found = digests();
        Properties consuming = new Properties();
        consuming.put("bootstrap.servers", bootstrap);
        consuming.put("auto.offset.reset", "none");
        try (var consumer = new KafkaConsumer<>(consuming, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = IntStream.range(0, PARTITIONS).mapToObj(i -> new TopicPartition(topic, i)).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            for (int i = 0; i < PARTITIONS; i++) {
                expect("end of partition " + i, counts[i], consumer.endOffsets(partitions).get(partitions.get(i)));
            }
            long left = counts[0] + counts[1] + counts[2];
            while (left > 0) {
                var records = consumer.poll(Duration.ofSeconds(30));
                expect("something arrives within 30 s", true, !records.isEmpty());
                for (var record : records) {
                    add(found.get(record.partition()), record.key(), record.value());
                    left--;
                }
            }
        }
        for (int i = 0; i < PARTITIONS; i++) {
            expect("partition " + i, hex(sent.get(i)), hex(found.get(i)));
        }
    }

    private static List<MessageDigest> digests() throws Exception {
        List<MessageDigest> digests = new ArrayList<>();
        for (int i = 0; i < PARTITIONS; i++) {
            digests.add(MessageDigest.getInstance("SHA-256"));
        }
        return digests;
    }

    private static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void add(MessageDigest digest, byte[] key, byte[] value) {
        digest.update(ByteBuffer.allocate(8).putInt(key == null ? -1 : key.length).putInt(value.length).flip());
        if (key != null) {
            digest.update(key);
        }
        digest.update(value);
    }

    private static final byte[] buffer = new byte[1 << 20];

    /** The next line without its end, or null; no line of the text is longer than the buffer. */
    private static byte[] line(InputStream in) throws Exception {
        int length = 0;
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                return null;
            }
            buffer[length++] = (byte) b;
        }
        return java.util.Arrays.copyOf(buffer, length);
    }

    private static void expect(String what, Object expected, Object found) {
        if (!expected.equals(found)) {
            throw new AssertionError(what + ": expected " + expected + ", found " + found);
        }
    }
}
