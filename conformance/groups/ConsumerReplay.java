package org.apache.kafka.coordinator.group;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.RegisterBrokerRecord;
import org.apache.kafka.common.metadata.RemoveTopicRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.RequestContext;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.common.runtime.KRaftCoordinatorMetadataDelta;
import org.apache.kafka.coordinator.common.runtime.KRaftCoordinatorMetadataImage;
import org.apache.kafka.coordinator.group.generated.CoordinatorRecordJsonConverters;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.timeline.SnapshotRegistry;

/**
 * Reads what has happened to consumer groups, and what Ottla made of it (crates/group/examples/consumer_trace.rs), has the same happen to
 * Apache Kafka's coordinator, and compares answers and records. Ends with 1 at the first difference.
 *
 * Some of the groups begin as classic ones; one that becomes classic again is compared no further than that.
 *
 * The assignor is range, whose choice does not hang on the order of a hash map; and it runs in the step that needs it, as Ottla's does.
 */
public final class ConsumerReplay {
    /** Ottla does something here that Apache does otherwise, on purpose; the group cannot be compared any further. */
    private static final class Parted extends RuntimeException {
        Parted(String why) {
            super(why);
        }
    }

    private static final String GROUP = "readers";
    /** What the records of a classic group, of an epoch and of a member begin with. */
    private static final String CLASSIC_GROUP = "record\t2{";
    private static final String EPOCH = "record\t3{";
    private static final String MEMBER = "record\t5{";
    /** When the trace begins. Milliseconds. */
    private static final long START = 1_000_000_000;
    private static final String AT_ONCE = "several members are out at once, which is one step of Ottla's";

    private SteppedClock clock;
    private SteppedTimer timer;
    private GroupMetadataManager manager;
    private GroupCoordinatorConfig config;
    private MetadataImage image;
    private final GroupCoordinatorRecordSerde serde = new GroupCoordinatorRecordSerde();
    private List<CoordinatorRecord> log;
    private List<String> lines;
    /** When a timer last changed something. */
    private long changedAt;

    private void start(String interval, String maxSize) throws Exception {
        clock = new SteppedClock();
        clock.now = START;
        log = new ArrayList<>();
        lines = new ArrayList<>();
        image = MetadataImage.EMPTY;
        MetadataDelta delta = new MetadataDelta.Builder().setImage(image).build();
        delta.replay(new RegisterBrokerRecord().setBrokerId(0).setRack(null));
        image = delta.apply(new MetadataProvenance(0, 0, 0, true));
        config = GroupCoordinatorConfig.fromProps(Map.of(
            "group.consumer.assignment.interval.ms", interval,
            "group.consumer.max.size", maxSize,
            "group.consumer.assignors", "range",
            "group.consumer.assignor.offload.enable", "false"));
        load();
    }

    private void load() throws Exception {
        timer = new SteppedTimer(clock, operation -> {
            int before = log.size();
            take(operation.generateRecords());
            if (log.size() == before) return;
            if (clock.now == changedAt) throw new Parted(AT_ONCE);
            changedAt = clock.now;
        });
        SnapshotRegistry registry = new SnapshotRegistry(new LogContext());
        manager = new GroupMetadataManager.Builder()
            .withTime(clock)
            .withTimer(timer)
            .withExecutor(new NoExecutor())
            .withConfig(config)
            .withSnapshotRegistry(registry)
            .withMetadataImage(new KRaftCoordinatorMetadataImage(image))
            .withGroupConfigManager(new GroupConfigManager(Map.of(), config, ShareGroupConfig.fromProps(Map.of())))
            .withGroupCoordinatorMetricsShard(new GroupCoordinatorMetrics().newMetricsShard(registry, new TopicPartition("__consumer_offsets", 0)))
            .build();
        for (CoordinatorRecord record : log) replay(record);
        manager.onLoaded();
    }

    private void replay(CoordinatorRecord record) throws Exception {
        for (Method method : GroupMetadataManager.class.getMethods()) {
            Class<?>[] types = method.getParameterTypes();
            if (!method.getName().equals("replay") || types.length != 2 || types[0] != record.key().getClass()) continue;
            try {
                method.invoke(manager, record.key(), record.value() == null ? null : record.value().message());
            } catch (InvocationTargetException e) {
                throw (RuntimeException) e.getCause();
            }
            return;
        }
        throw new IllegalStateException("nobody replays " + record);
    }

    private <T> T take(CoordinatorResult<T, CoordinatorRecord> result) throws Exception {
        for (CoordinatorRecord record : result.records()) {
            if (result.replayRecords()) replay(record);
            log.add(record);
            lines.add(show(record));
        }
        if (result.appendFuture() != null) result.appendFuture().complete(null);
        return result.response();
    }

    private RequestContext context(ApiKeys api, int version) throws Exception {
        RequestHeader header = new RequestHeader(api, (short) version, "client", 0);
        InetAddress address = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        ListenerName listener = ListenerName.forSecurityProtocol(SecurityProtocol.PLAINTEXT);
        return new RequestContext(header, "1", address, KafkaPrincipal.ANONYMOUS, listener, SecurityProtocol.PLAINTEXT, ClientInformation.EMPTY, false);
    }

    private void happen(String[] f) throws Exception {
        switch (f[0]) {
            case "given" -> replay(remember(serde.deserialize(buffer(f[1]), buffer(f[2]))));
            case "beat" -> beat(f);
            case "join" -> join(f);
            case "sync" -> sync(f);
            case "heartbeat" -> heartbeat(f);
            case "leave" -> leave(f);
            case "topics" -> topics(f);
            case "pass" -> timer.pass(Long.parseLong(f[1]));
            case "load" -> load();
            default -> throw new IllegalStateException(f[0]);
        }
    }

    private void beat(String[] f) throws Exception {
        ConsumerGroupHeartbeatRequestData request = new ConsumerGroupHeartbeatRequestData()
            .setGroupId(GROUP)
            .setMemberId(f[2])
            .setMemberEpoch(Integer.parseInt(f[3]))
            .setInstanceId(optional(f[4]))
            .setRackId(optional(f[5]))
            .setRebalanceTimeoutMs(Integer.parseInt(f[6]))
            .setServerAssignor(optional(f[8]));
        if (!f[7].equals("-")) request.setSubscribedTopicNames(Arrays.asList(f[7].split(",")));
        if (!f[9].equals("-")) {
            List<ConsumerGroupHeartbeatRequestData.TopicPartitions> owned = new ArrayList<>();
            if (!f[9].equals(".")) for (String topic : f[9].split(",")) {
                String[] parts = topic.split(":");
                owned.add(new ConsumerGroupHeartbeatRequestData.TopicPartitions()
                    .setTopicId(uuid(parts[0]))
                    .setPartitions(Arrays.stream(parts[1].split("\\+")).map(Integer::valueOf).toList()));
            }
            request.setTopicPartitions(owned);
        }
        ConsumerGroupHeartbeatResponseData answer;
        try {
            answer = take(manager.consumerGroupHeartbeat(context(ApiKeys.CONSUMER_GROUP_HEARTBEAT, 1), request));
        } catch (ApiException e) {
            answer = new ConsumerGroupHeartbeatResponseData().setErrorCode(Errors.forException(e).code());
        }
        String assignment = "-";
        if (answer.assignment() != null) {
            Map<String, String> topics = new TreeMap<>();
            for (ConsumerGroupHeartbeatResponseData.TopicPartitions topic : answer.assignment().topicPartitions()) {
                List<String> partitions = topic.partitions().stream().sorted().map(String::valueOf).toList();
                topics.put(hex(topic.topicId()), String.join("+", partitions));
            }
            List<String> shown = new ArrayList<>();
            topics.forEach((topic, partitions) -> shown.add(topic + ":" + partitions));
            assignment = shown.isEmpty() ? "." : String.join(",", shown);
        }
        lines.add(String.join("\t", "beat", f[1], "" + answer.errorCode(), answer.memberId() == null ? "-" : answer.memberId(),
            "" + answer.memberEpoch(), "" + answer.heartbeatIntervalMs(), assignment));
    }

    private CoordinatorRecord remember(CoordinatorRecord record) {
        log.add(record);
        return record;
    }

    private void join(String[] f) throws Exception {
        JoinGroupRequestData request = new JoinGroupRequestData()
            .setGroupId(GROUP)
            .setMemberId(text(f[2]))
            .setGroupInstanceId(optional(f[3]))
            .setProtocolType("consumer")
            .setSessionTimeoutMs(Integer.parseInt(f[4]))
            .setRebalanceTimeoutMs(Integer.parseInt(f[5]));
        request.protocols().add(new JoinGroupRequestData.JoinGroupRequestProtocol().setName("range").setMetadata(buffer(f[6]).array()));
        CompletableFuture<JoinGroupResponseData> future = new CompletableFuture<>();
        // Ottla makes its ids of the tickets.
        GivenRandom.number = Long.parseLong(f[1]);
        try {
            take(manager.classicGroupJoin(context(ApiKeys.JOIN_GROUP, 9), request, future));
        } catch (ApiException e) {
            future.complete(new JoinGroupResponseData().setMemberId(request.memberId()).setErrorCode(Errors.forException(e).code()));
        }
        JoinGroupResponseData answer = future.getNow(null);
        if (answer == null) {
            lines.add("join\t" + f[1] + "\twaits");
            return;
        }
        lines.add(String.join("\t", "join", f[1], "" + answer.errorCode(), "" + answer.generationId(), show(answer.protocolType()),
            show(answer.protocolName()), show(answer.leader()), show(answer.memberId()), "" + answer.skipAssignment(),
            "" + answer.members().size()));
    }

    private void sync(String[] f) throws Exception {
        SyncGroupRequestData request = new SyncGroupRequestData()
            .setGroupId(GROUP)
            .setMemberId(f[2])
            .setGroupInstanceId(optional(f[3]))
            .setGenerationId(Integer.parseInt(f[4]))
            .setProtocolType("consumer")
            .setProtocolName("range");
        CompletableFuture<SyncGroupResponseData> future = new CompletableFuture<>();
        try {
            take(manager.classicGroupSync(context(ApiKeys.SYNC_GROUP, 5), request, future));
        } catch (ApiException e) {
            future.complete(new SyncGroupResponseData().setErrorCode(Errors.forException(e).code()));
        }
        SyncGroupResponseData answer = future.getNow(null);
        if (answer == null) {
            lines.add("sync\t" + f[1] + "\twaits");
            return;
        }
        String version = "-";
        String assignment = "-";
        if (answer.assignment().length > 0) {
            Map<String, List<Integer>> topics = new TreeMap<>();
            version = String.format("x%02x%02x", answer.assignment()[0], answer.assignment()[1]);
            for (TopicPartition partition : ConsumerProtocol.deserializeAssignment(ByteBuffer.wrap(answer.assignment())).partitions()) {
                topics.computeIfAbsent(partition.topic(), topic -> new ArrayList<>()).add(partition.partition());
            }
            List<String> shown = new ArrayList<>();
            topics.forEach((topic, partitions) ->
                shown.add(topic + ":" + String.join("+", partitions.stream().sorted().map(String::valueOf).toList())));
            assignment = shown.isEmpty() ? "." : String.join(",", shown);
        }
        lines.add(String.join("\t", "sync", f[1], "" + answer.errorCode(), show(answer.protocolType()), show(answer.protocolName()),
            version, assignment));
    }

    private void heartbeat(String[] f) throws Exception {
        HeartbeatRequestData request = new HeartbeatRequestData()
            .setGroupId(GROUP)
            .setMemberId(f[2])
            .setGroupInstanceId(optional(f[3]))
            .setGenerationId(Integer.parseInt(f[4]));
        short error;
        try {
            error = take(manager.classicGroupHeartbeat(context(ApiKeys.HEARTBEAT, 4), request)).errorCode();
        } catch (ApiException e) {
            error = Errors.forException(e).code();
        }
        lines.add("heartbeat\t" + f[1] + "\t" + error);
    }

    private void leave(String[] f) throws Exception {
        LeaveGroupRequestData request = new LeaveGroupRequestData()
            .setGroupId(GROUP)
            .setMembers(List.of(new LeaveGroupRequestData.MemberIdentity().setMemberId(f[2]).setGroupInstanceId(optional(f[3]))));
        short error;
        try {
            error = take(manager.classicGroupLeave(context(ApiKeys.LEAVE_GROUP, 5), request)).members().get(0).errorCode();
        } catch (ApiException e) {
            error = Errors.forException(e).code();
        }
        lines.add("leave\t" + f[1] + "\t" + error);
    }

    private void topics(String[] f) throws Exception {
        MetadataDelta delta = new MetadataDelta.Builder().setImage(image).build();
        Map<Uuid, Integer> next = new HashMap<>();
        if (!f[1].equals("-")) for (String topic : f[1].split(",")) {
            String[] parts = topic.split(":");
            Uuid id = uuid(parts[1]);
            int partitions = Integer.parseInt(parts[2]);
            next.put(id, partitions);
            if (image.topics().getTopic(id) == null) delta.replay(new TopicRecord().setName(parts[0]).setTopicId(id));
            int known = image.topics().getTopic(id) == null ? 0 : image.topics().getTopic(id).partitions().size();
            for (int partition = known; partition < partitions; partition++) {
                delta.replay(new PartitionRecord().setTopicId(id).setPartitionId(partition).setReplicas(List.of(0)).setIsr(List.of(0)).setLeader(0));
            }
        }
        for (Uuid id : image.topics().topicsById().keySet()) {
            if (!next.containsKey(id)) delta.replay(new RemoveTopicRecord().setTopicId(id));
        }
        image = delta.apply(new MetadataProvenance(image.offset() + 1, 0, 0, true));
        manager.onMetadataUpdate(new KRaftCoordinatorMetadataDelta(delta), new KRaftCoordinatorMetadataImage(image));
    }

    /** Compares what has come of the last line that happened. */
    private void compare(String[] happened, List<String> expected) {
        List<String> mine = new ArrayList<>(lines);
        lines.clear();
        List<String> ottla = new ArrayList<>();
        for (String line : expected) {
            String[] f = line.split("\t");
            boolean isRecord = f[0].equals("record");
            ottla.add(isRecord ? show(serde.deserialize(buffer(f[1]), f[2].equals("-") ? null : buffer(f[2]))) : line);
        }
        boolean isUpgrade = mine.stream().anyMatch(line -> line.startsWith(CLASSIC_GROUP) && line.endsWith("\t-"));
        if (isUpgrade) {
            // Ottla takes the topics for unseen, and looks at them.
            mine.replaceAll(ConsumerReplay::sansHash);
            ottla.replaceAll(ConsumerReplay::sansHash);
        }
        mine.sort(null);
        ottla.sort(null);
        if (mine.equals(ottla)) return;
        if (isUpgrade && happened[0].equals("beat") && !happened[4].equals("-")) {
            throw new Parted("who takes a static member's place subscribes to nothing new, and Ottla looks at the topics all the same");
        }
        if (ottla.stream().filter(line -> line.startsWith(MEMBER) && line.endsWith("\t-")).count() > 1) throw new Parted(AT_ONCE);
        System.out.println("DIFFERENT at " + String.join("\t", happened));
        mine.stream().filter(line -> !ottla.contains(line)).forEach(line -> System.out.println("  apache " + line));
        ottla.stream().filter(line -> !mine.contains(line)).forEach(line -> System.out.println("  ottla  " + line));
        throw new AssertionError();
    }

    private static String sansHash(String line) {
        return line.startsWith(EPOCH) ? line.replaceAll(", metadataHash=[-0-9]*", "") : line;
    }

    private static String show(CoordinatorRecord record) {
        JsonNode key = CoordinatorRecordJsonConverters.writeRecordKeyAsJson(record.key());
        if (record.value() == null) return "record\t" + record.key().apiKey() + sorted(key) + "\t-";
        ApiMessage value = record.value().message();
        return "record\t" + record.key().apiKey() + sorted(key) + "\t" + record.value().version()
            // Of a group that becomes classic, the leader is the first in the order of a hash map, or of the ids in Ottla.
            + sorted(CoordinatorRecordJsonConverters.writeRecordValueAsJson(value, record.value().version())).replaceAll("leader=\"[^\"]*\"", "leader");
    }

    /** The lists of Apache's are in the order of a hash map. */
    private static String sorted(JsonNode node) {
        if (node instanceof ArrayNode) {
            List<String> items = new ArrayList<>();
            node.forEach(item -> items.add(sorted(item)));
            items.sort(null);
            return items.toString();
        }
        if (node instanceof ObjectNode) {
            Map<String, String> fields = new TreeMap<>();
            node.properties().forEach(field -> fields.put(field.getKey(), sorted(field.getValue())));
            return fields.toString();
        }
        return node.toString();
    }

    public static void main(String[] arguments) throws Exception {
        GivenRandom.install();
        ConsumerReplay replay = new ConsumerReplay();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        String seed = "";
        long steps = 0;
        int groups = 0;
        boolean isParted = false;
        Map<String, Integer> parted = new TreeMap<>();
        String[] happened = null;
        List<String> expected = new ArrayList<>();
        while (true) {
            String line = in.readLine();
            if (line != null && line.startsWith("=")) {
                expected.add(line.substring(1));
                continue;
            }
            if (happened != null && !isParted) {
                try {
                    replay.happen(happened);
                    replay.compare(happened, expected);
                    steps++;
                } catch (Parted why) {
                    parted.merge(why.getMessage(), 1, Integer::sum);
                    isParted = true;
                } catch (AssertionError | RuntimeException e) {
                    System.out.println("in group " + seed + " after " + steps + " steps, at " + String.join(" ", happened));
                    if (e instanceof RuntimeException) e.printStackTrace(System.out);
                    System.exit(1);
                }
            }
            expected.clear();
            happened = null;
            if (line == null) break;
            String[] f = line.split("\t");
            if (f[0].equals("group")) {
                seed = f[1];
                groups++;
                isParted = false;
                replay.start(f[2], f[3]);
            } else {
                happened = f;
            }
        }
        System.out.println(groups + " groups, " + steps + " steps alike; not compared to their ends: " + parted);
        System.exit(0);
    }

    private static String text(String field) {
        return field.equals(".") ? "" : field;
    }

    private static String optional(String field) {
        return field.equals("-") ? null : text(field);
    }

    private static String show(String value) {
        return value == null ? "-" : value.isEmpty() ? "." : value;
    }

    private static Uuid uuid(String hex) {
        return new Uuid(Long.parseUnsignedLong(hex.substring(0, 16), 16), Long.parseUnsignedLong(hex.substring(16), 16));
    }

    private static String hex(Uuid id) {
        return String.format("%016x%016x", id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    private static ByteBuffer buffer(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(hex.substring(1 + 2 * i, 3 + 2 * i), 16);
        return ByteBuffer.wrap(bytes);
    }
}
