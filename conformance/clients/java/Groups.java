import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Consumers that share a group, by the classic protocol with each assignor and by the consumer protocol with each of the broker's. */
class Groups extends Harness {
    private static final Duration REBALANCE = Duration.ofMinutes(1);

    static Map<String, Case> cases() {
        Map<String, Case> cases = new LinkedHashMap<>();
        cases.put("group-commit", Groups::commit);
        cases.put("group-resume", topic -> resume(topic, "group.protocol", "classic"));
        cases.put("group-range", topic -> rebalance(topic, assignor(RangeAssignor.class)));
        cases.put("group-roundrobin", topic -> rebalance(topic, assignor(RoundRobinAssignor.class)));
        cases.put("group-sticky", topic -> rebalance(topic, assignor(StickyAssignor.class)));
        cases.put("group-cooperative", topic -> rebalance(topic, assignor(CooperativeStickyAssignor.class)));
        cases.put("consumer-resume", topic -> resume(topic, "group.protocol", "consumer"));
        cases.put("consumer-uniform", topic -> rebalance(topic, "group.protocol", "consumer", "group.remote.assignor", "uniform"));
        cases.put("consumer-range", topic -> rebalance(topic, "group.protocol", "consumer", "group.remote.assignor", "range"));
        return cases;
    }

    private static String[] assignor(Class<?> assignor) {
        return new String[] {"group.protocol", "classic", "partition.assignment.strategy", assignor.getName()};
    }

    /** A consumer of the group that has the topic's name. */
    private static KafkaConsumer<byte[], byte[]> member(String topic, String... settings) {
        var own = Stream.of("group.id", topic, "auto.offset.reset", "earliest");
        return consumer(Stream.concat(own, Arrays.stream(settings)).toArray(String[]::new));
    }

    private static void commit(String topic) throws Exception {
        create(topic, 2);
        var sent = spread(topic, 0, 100, 2);
        var one = new TopicPartition(topic, 0);
        var other = new TopicPartition(topic, 1);
        try (var reader = member(topic)) {
            reader.assign(List.of(one, other));
            equal("records", sent, take(List.of(reader), 100));
            var offset = new OffsetAndMetadata(30, "a note");
            reader.commitSync(Map.of(one, offset));
            equal("committed offset", offset, reader.committed(Set.of(one)).get(one));
            equal("no offset committed", null, reader.committed(Set.of(other)).get(other));
        }
        try (var reader = member(topic)) {
            reader.assign(List.of(one, other));
            equal("records behind the offset", 20 + 50, take(List.of(reader), 70).size());
        }
    }

    private static void resume(String topic, String... settings) throws Exception {
        create(topic, 4);
        for (int first : new int[] {0, 400}) {
            var sent = spread(topic, first, first + 400, 4);
            try (var reader = member(topic, settings)) {
                reader.subscribe(List.of(topic));
                equal("what nobody had read", sent, take(List.of(reader), 400));
                reader.commitSync();
            }
        }
    }

    private static void rebalance(String topic, String... settings) throws Exception {
        create(topic, 4);
        List<KafkaConsumer<byte[], byte[]>> members = new ArrayList<>();
        try {
            join(members, topic, settings);
            equal("values", spread(topic, 0, 100, 4), take(members, 100));
            members.get(0).commitSync();
            join(members, topic, settings);
            await("each has its half", REBALANCE, () -> shares(members).equals(List.of(2, 2)));
            equal("partitions", 4L, members.stream().flatMap(member -> member.assignment().stream()).distinct().count());
            equal("values", spread(topic, 100, 200, 4), take(members, 100));
            members.forEach(KafkaConsumer::commitSync);
            members.remove(0).close();
            await("the other has all", REBALANCE, () -> shares(members).equals(List.of(4)));
        } finally {
            members.forEach(KafkaConsumer::close);
        }
    }

    private static void join(List<KafkaConsumer<byte[], byte[]>> members, String topic, String... settings) {
        members.add(member(topic, settings));
        members.get(members.size() - 1).subscribe(List.of(topic));
    }

    /** How many partitions each member has; no record is left for any of them. */
    private static List<Integer> shares(List<KafkaConsumer<byte[], byte[]>> members) {
        return members.stream().map(member -> {
            equal("records", 0, member.poll(Duration.ofMillis(100)).count());
            return member.assignment().size();
        }).toList();
    }

    /** The values of so many records in order, whichever member gets them. */
    private static List<String> take(List<KafkaConsumer<byte[], byte[]>> members, int count) {
        List<String> values = new ArrayList<>();
        long deadline = System.nanoTime() + REBALANCE.toNanos();
        while (values.size() < count && System.nanoTime() < deadline) {
            members.forEach(member -> member.poll(Duration.ofMillis(100)).forEach(record -> values.add(text(record.value()))));
        }
        equal("number of records", count, values.size());
        return values.stream().sorted().toList();
    }

    /** Produces numbered values to all partitions in turn and returns them in order. */
    private static List<String> spread(String topic, int first, int end, int partitions) throws Exception {
        sendAll(i -> new ProducerRecord<>(topic, i % partitions, null, value(first + i)), end - first);
        return IntStream.range(first, end).mapToObj(i -> text(value(i))).sorted().toList();
    }
}
