package org.apache.kafka.coordinator.group;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
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
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.common.runtime.KRaftCoordinatorMetadataDelta;
import org.apache.kafka.coordinator.common.runtime.KRaftCoordinatorMetadataImage;
import org.apache.kafka.coordinator.group.generated.CoordinatorRecordJsonConverters;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.server.common.ApiMessageAndVersion;

/**
 * Compares answers and records of consumer groups (crates/group/examples/consumer_trace).
 *
 * Some of the groups begin as classic ones; one that becomes classic again is compared no further than that.
 *
 * The assignor is range, whose choice does not hang on the order of a hash map; and it runs in the step that needs it, as Ottla's does.
 */
public final class ConsumerReplay extends Replay {
    /** What the records of a classic group, of an epoch, of a member and of the epoch of an assignment begin with. */
    private static final String CLASSIC_GROUP = "record\t2{";
    private static final String EPOCH = "record\t3{";
    private static final String MEMBER = "record\t5{";
    private static final String TARGET_EPOCH = "record\t6{";
    /** All that is written of a group and not of a member. */
    private static final String[] OF_GROUP = {CLASSIC_GROUP, EPOCH, "record\t4{", TARGET_EPOCH};
    /** When the trace begins. Milliseconds. */
    private static final long START = 1_000_000_000;

    private SteppedClock clock;
    private SteppedTimer timer;
    private GroupMetadataManager manager;
    private GroupCoordinatorConfig config;
    private MetadataImage image;
    private final GroupCoordinatorRecordSerde serde = new GroupCoordinatorRecordSerde();
    private List<CoordinatorRecord> log;
    /** When a timer last changed something. */
    private long changedAt;
    /** Whether timers have done so more than once at one time, since the last comparison. */
    private boolean isAtOnce;

    @Override
    void start(String[] f) throws Exception {
        clock = new SteppedClock();
        clock.now = START;
        log = new ArrayList<>();
        lines = new ArrayList<>();
        changedAt = -1;
        isAtOnce = false;
        image = MetadataImage.EMPTY;
        MetadataDelta delta = new MetadataDelta.Builder().setImage(image).build();
        delta.replay(new RegisterBrokerRecord().setBrokerId(0).setRack(null));
        image = delta.apply(new MetadataProvenance(0, 0, 0, true));
        config = GroupCoordinatorConfig.fromProps(Map.of(
            "group.consumer.assignment.interval.ms", f[2],
            "group.consumer.max.size", f[3],
            "group.consumer.assignors", "range",
            "group.consumer.assignor.offload.enable", "false"));
        load();
    }

    private void load() throws Exception {
        timer = new SteppedTimer(clock, operation -> {
            int before = log.size();
            take(operation.generateRecords());
            if (log.size() == before) return;
            isAtOnce |= clock.now == changedAt;
            changedAt = clock.now;
        });
        manager = builder(clock, timer, config).withMetadataImage(new KRaftCoordinatorMetadataImage(image)).build();
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
            lines.add(show(sansLeader(record)));
        }
        if (result.appendFuture() != null) result.appendFuture().complete(null);
        return result.response();
    }

    @Override
    void happen(String[] f) throws Exception {
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

    @Override
    int mostParted() {
        return 60;
    }

    @Override
    void compare(String[] happened, List<String> expected) {
        List<String> mine = new ArrayList<>(lines);
        lines.clear();
        boolean isAtOnce = this.isAtOnce;
        this.isAtOnce = false;
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
        // Those of the same key stay in their order.
        mine.sort(Comparator.comparing(ConsumerReplay::key));
        ottla.sort(Comparator.comparing(ConsumerReplay::key));
        if (mine.equals(ottla)) return;
        boolean areSeveralOut = isAtOnce || mine.stream().filter(line -> line.startsWith(MEMBER) && line.endsWith("\t-")).count() > 1;
        if (areSeveralOut && sansEpochs(mine).equals(sansEpochs(ottla))) {
            throw new Parted("several members are out at once, which is one step of Ottla's");
        }
        boolean isClassicInBetween = isDowngrade(mine) && !isDowngrade(ottla);
        if (areSeveralOut && isClassicInBetween && without(mine, OF_GROUP).equals(without(ottla, OF_GROUP))) {
            throw new Parted("several members are out at once, and in between only classic ones are left");
        }
        throw different(happened, mine, ottla);
    }

    /** What a line is of: a record's type and key, or a request. */
    private static String key(String line) {
        return line.substring(0, line.indexOf('\t', line.indexOf('\t') + 1));
    }

    private static boolean isDowngrade(List<String> lines) {
        return lines.stream().anyMatch(line -> line.startsWith(CLASSIC_GROUP) && !line.endsWith("\t-"));
    }

    private static List<String> sansEpochs(List<String> lines) {
        return without(lines, EPOCH, TARGET_EPOCH).stream()
            .map(line -> line.startsWith(CLASSIC_GROUP) ? line.replaceAll("generation=[0-9]*", "generation") : line)
            .toList();
    }

    private static List<String> without(List<String> lines, String... beginnings) {
        return lines.stream().filter(line -> Arrays.stream(beginnings).noneMatch(line::startsWith)).toList();
    }

    private static String sansHash(String line) {
        return line.startsWith(EPOCH) ? line.replaceAll(", metadataHash=[-0-9]*", "") : line;
    }

    private static String show(CoordinatorRecord record) {
        JsonNode key = CoordinatorRecordJsonConverters.writeRecordKeyAsJson(record.key());
        if (record.value() == null) return "record\t" + record.key().apiKey() + sorted(key) + "\t-";
        ApiMessage value = record.value().message();
        return "record\t" + record.key().apiKey() + sorted(key) + "\t" + record.value().version()
            + sorted(CoordinatorRecordJsonConverters.writeRecordValueAsJson(sansOrder(value), record.value().version()));
    }

    /**
     * Of a group that becomes classic, the leader is the first member in the order of a hash map, and nobody in Ottla, which has its next
     * coordinator call the members together.
     */
    private static CoordinatorRecord sansLeader(CoordinatorRecord record) {
        if (record.value() == null || !(record.value().message() instanceof GroupMetadataValue)) return record;
        GroupMetadataValue group = (GroupMetadataValue) record.value().message().duplicate();
        if (group.members().stream().noneMatch(member -> member.memberId().equals(group.leader()))) return record;
        return CoordinatorRecord.record(record.key(), new ApiMessageAndVersion(group.setLeader(null), record.value().version()));
    }

    /** The topics of an assignment are in the order of a hash map. */
    private static ApiMessage sansOrder(ApiMessage value) {
        if (!(value instanceof GroupMetadataValue)) return value;
        GroupMetadataValue group = (GroupMetadataValue) value.duplicate();
        for (GroupMetadataValue.MemberMetadata member : group.members()) {
            if (member.assignment().length > 0) member.setAssignment(sorted(member.assignment()));
        }
        return group;
    }

    private static byte[] sorted(byte[] assignment) {
        ConsumerPartitionAssignor.Assignment decoded = ConsumerProtocol.deserializeAssignment(ByteBuffer.wrap(assignment));
        List<TopicPartition> partitions = new ArrayList<>(decoded.partitions());
        partitions.sort(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition));
        short version = ByteBuffer.wrap(assignment).getShort();
        return ConsumerProtocol.serializeAssignment(new ConsumerPartitionAssignor.Assignment(partitions, decoded.userData()), version).array();
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
        new ConsumerReplay().play();
    }

    private static Uuid uuid(String hex) {
        return new Uuid(Long.parseUnsignedLong(hex.substring(0, 16), 16), Long.parseUnsignedLong(hex.substring(16), 16));
    }

    private static String hex(Uuid id) {
        return String.format("%016x%016x", id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    private static ByteBuffer buffer(String hex) {
        return ByteBuffer.wrap(bytes(hex));
    }
}
