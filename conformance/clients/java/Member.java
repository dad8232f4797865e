import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;

/** Members of groups that do as they are told: {@code Member BOOTSTRAP}; what they are told and report is in clients/members/README.md. */
class Member extends Harness implements Runnable, ConsumerRebalanceListener {
    private static final Map<String, Class<?>> ASSIGNORS = Map.of("range", RangeAssignor.class, "roundrobin", RoundRobinAssignor.class,
        "sticky", StickyAssignor.class, "cooperative-sticky", CooperativeStickyAssignor.class);

    private final String name;
    private final String topic;
    private final String[] settings;
    private final TreeSet<Integer> owned = new TreeSet<>();
    private KafkaConsumer<byte[], byte[]> consumer;
    private boolean uncommitted;
    private volatile boolean leaving;

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        Map<String, Member> members = new HashMap<>();
        List<Thread> threads = new ArrayList<>();
        var commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.split(" ");
            if (words[0].equals("leave")) {
                members.remove(words[1]).leaving = true;
                continue;
            }
            var member = new Member(words[1], words[2], words[3], Arrays.copyOfRange(words, 4, words.length));
            members.put(words[1], member);
            var thread = new Thread(member);
            thread.start();
            threads.add(thread);
        }
        members.values().forEach(member -> member.leaving = true);
        for (var thread : threads) {
            thread.join();
        }
    }

    private Member(String name, String group, String topic, String[] told) {
        this.name = name;
        this.topic = topic;
        List<String> settings = new ArrayList<>(List.of("group.id", group, "auto.offset.reset", "earliest"));
        for (String setting : told) {
            String value = setting.substring(setting.indexOf('=') + 1);
            switch (setting.substring(0, setting.indexOf('='))) {
                case "protocol" -> settings.addAll(List.of("group.protocol", value));
                case "assignor" -> settings.addAll(List.of("partition.assignment.strategy", ASSIGNORS.get(value).getName()));
                case "remote" -> settings.addAll(List.of("group.remote.assignor", value));
                case "instance" -> settings.addAll(List.of("group.instance.id", value));
                case "session" -> settings.addAll(List.of("session.timeout.ms", value, "heartbeat.interval.ms", "500"));
                default -> throw new IllegalArgumentException(setting);
            }
        }
        this.settings = settings.toArray(String[]::new);
    }

    @Override
    public void run() {
        try (var own = consumer(settings)) {
            consumer = own;
            consumer.subscribe(List.of(topic), this);
            while (!leaving || uncommitted) {
                for (var record : consumer.poll(Duration.ofMillis(100))) {
                    report("read " + record.partition() + " " + record.offset() + " " + text(record.value()));
                    uncommitted = true;
                }
                commit();
            }
        } catch (Exception e) {
            report("failed " + e.getClass().getSimpleName());
            return;
        }
        report("left");
    }

    /** Commits what was read; in the middle of a rebalance that keeps partitions, the next call does. */
    private void commit() {
        if (uncommitted) {
            try {
                consumer.commitSync();
                uncommitted = false;
            } catch (RebalanceInProgressException e) {
                // The positions are still there.
            }
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> owned.add(partition.partition()));
        reportOwned();
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        commit();
        partitions.forEach(partition -> owned.remove(partition.partition()));
        reportOwned();
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        uncommitted = false;
        partitions.forEach(partition -> owned.remove(partition.partition()));
        reportOwned();
    }

    private void reportOwned() {
        String partitions = owned.stream().map(partition -> " " + partition).collect(Collectors.joining());
        report("owns " + consumer.groupMetadata().generationId() + partitions);
    }

    private void report(String what) {
        System.out.println(name + " " + what);
    }
}
