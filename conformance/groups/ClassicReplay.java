package org.apache.kafka.coordinator.group;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.RequestContext;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.group.classic.ClassicGroup;
import org.apache.kafka.coordinator.group.classic.ClassicGroupMember;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;
import org.apache.kafka.timeline.SnapshotRegistry;

/**
 * Reads what has happened to classic groups, and what Ottla made of it (crates/group/examples/classic_trace.rs), has the same happen to
 * Apache Kafka's coordinator, and compares answers, records and states. Ends with 1 at the first difference but for these:
 *
 * - Apache leaves requests without an answer: a join or sync that the member's next one takes the place of, a sync whose member leaves, a
 *   static member's join when the group is unloaded while its new id is written.
 * - A leader that asks again has its assignment written again by Apache, and once by Ottla.
 * - Where the leader goes, the next is the first in the order of a hash map in Apache, and of the ids in Ottla.
 * - Apache goes on waiting for the sync of an id that a static member has given up.
 * - Apache takes a static member's new id back, or answers its join, although its group has gone on since.
 * - Where somebody came in an initial delay that could not be extended, Apache extends the next one, years later, though nobody comes.
 * - Where a member is refused because the group is full, Apache waits for it all the same.
 */
public final class ClassicReplay {
    private static final String GROUP = "readers";

    /** Apache does something here that Ottla does otherwise on purpose; the group cannot be compared any further. */
    private static final class Parted extends RuntimeException {
        Parted(String why) {
            super(why);
        }
    }

    /** A record on its way to the log. */
    private record Write(CoordinatorRecord record, CompletableFuture<Void> append, String what, Runnable answer, int generation,
                         Map<String, CompletableFuture<?>> held) {
        boolean hasMembers() {
            return !((GroupMetadataValue) record.value().message()).members().isEmpty();
        }

    }

    private SteppedClock clock;
    private SteppedTimer timer;
    private GroupMetadataManager manager;
    private GroupCoordinatorConfig config;
    private ArrayDeque<Write> writes;
    private CoordinatorRecord log;
    private Map<String, CompletableFuture<?>> asked;
    /** Their member ids to ours, and back. */
    private Map<String, String> ours;
    private Map<String, String> theirs;
    private List<String> lines;
    /** The records of what happens now. */
    private List<CoordinatorRecord> made;

    private void start(String delay, String maxSize) {
        clock = new SteppedClock();
        writes = new ArrayDeque<>();
        log = null;
        asked = new TreeMap<>();
        ours = new HashMap<>(Map.of("", ""));
        theirs = new HashMap<>(Map.of("", ""));
        lines = new ArrayList<>();
        made = new ArrayList<>();
        leader = null;
        config = GroupCoordinatorConfig.fromProps(Map.of("group.initial.rebalance.delay.ms", delay, "group.max.size", maxSize));
        load();
    }

    private void load() {
        timer = new SteppedTimer(clock, operation -> {
            answers();
            take(operation.generateRecords(), "pass", null);
        });
        SnapshotRegistry registry = new SnapshotRegistry(new LogContext());
        manager = new GroupMetadataManager.Builder()
            .withTime(clock)
            .withTimer(timer)
            .withExecutor(new NoExecutor())
            .withConfig(config)
            .withSnapshotRegistry(registry)
            .withGroupConfigManager(new GroupConfigManager(Map.of(), config, ShareGroupConfig.fromProps(Map.of())))
            .withGroupCoordinatorMetricsShard(new GroupCoordinatorMetrics().newMetricsShard(registry, new TopicPartition("__consumer_offsets", 0)))
            .build();
        if (log != null) manager.replay((GroupMetadataKey) log.key(), (GroupMetadataValue) log.value().message());
        manager.onLoaded();
    }

    private ClassicGroup group() {
        return manager.groupIds().contains(GROUP) ? (ClassicGroup) manager.group(GROUP) : null;
    }

    private Collection<ClassicGroupMember> members() {
        ClassicGroup group = group();
        return group == null ? List.of() : group.allMembers();
    }

    private void take(CoordinatorResult<?, CoordinatorRecord> result, String what, Runnable answer) {
        if (result.records().isEmpty()) {
            if (answer != null) answer.run();
            return;
        }
        if (result.records().size() != 1 || result.replayRecords()) throw new IllegalStateException("one record, which is not replayed");
        CoordinatorRecord record = result.records().get(0);
        // Ottla lets no answer out before the record of the same step is committed.
        Map<String, CompletableFuture<?>> held = new TreeMap<>();
        asked.forEach((ticket, future) -> {
            if (future.isDone()) held.put(ticket, future);
        });
        asked.keySet().removeAll(held.keySet());
        writes.add(new Write(record, result.appendFuture(), what, answer, group().generationId(), held));
        made.add(record);
    }

    private RequestContext context(ApiKeys api, int version) throws Exception {
        RequestHeader header = new RequestHeader(api, (short) version, "client", 0);
        InetAddress address = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        ListenerName listener = ListenerName.forSecurityProtocol(SecurityProtocol.PLAINTEXT);
        return new RequestContext(header, "1", address, KafkaPrincipal.ANONYMOUS, listener, SecurityProtocol.PLAINTEXT, ClientInformation.EMPTY, false);
    }

    private String their(String id) {
        return theirs.getOrDefault(id, id);
    }

    private String our(String id) {
        return ours.getOrDefault(id, id);
    }

    private void know(String our, String their) {
        ours.put(their, our);
        theirs.put(our, their);
    }

    private void happen(String[] f) throws Exception {
        switch (f[0]) {
            case "join" -> join(f);
            case "sync" -> sync(f);
            case "heartbeat" -> heartbeat(f);
            case "leave" -> leave(f);
            case "check" -> check(f);
            case "pass" -> timer.pass(Long.parseLong(f[1]));
            case "commit" -> commit();
            case "fail" -> fail(Errors.forCode(Short.parseShort(f[1])));
            case "load" -> {
                manager.onUnloaded();
                answers();
                asked.clear();
                writes.clear();
                load();
            }
            default -> throw new IllegalStateException(f[0]);
        }
        made.forEach(record -> lines.add(show(record)));
        made.clear();
        answers();
        lines.add(state());
        ClassicGroup group = group();
        if (group == null) return;
        if (group.isEmpty()) group.setNewMemberAdded(false);
        replaceGhosts(group);
    }

    private void join(String[] f) throws Exception {
        JoinGroupRequestData request = new JoinGroupRequestData()
            .setGroupId(GROUP)
            .setMemberId(their(text(f[3])))
            .setGroupInstanceId(optional(f[4]))
            .setProtocolType(f[5])
            .setSessionTimeoutMs(Integer.parseInt(f[6]))
            .setRebalanceTimeoutMs(Integer.parseInt(f[7]));
        for (String protocol : list(f[8])) {
            String[] parts = protocol.split(":");
            request.protocols().add(new JoinGroupRequestData.JoinGroupRequestProtocol().setName(parts[0]).setMetadata(bytes(parts[1])));
        }
        Set<String> before = members().stream().map(ClassicGroupMember::memberId).collect(Collectors.toSet());
        CompletableFuture<JoinGroupResponseData> future = new CompletableFuture<>();
        asked.put(f[1], future);
        try {
            take(manager.classicGroupJoin(context(ApiKeys.JOIN_GROUP, Integer.parseInt(f[2])), request, future), "join", null);
        } catch (RuntimeException e) {
            future.complete(new JoinGroupResponseData().setErrorCode(Errors.forException(e).code()));
        }
        if (!request.memberId().isEmpty()) return;
        // Ottla makes its ids of the tickets.
        String prefix = request.groupInstanceId() == null ? "client" : request.groupInstanceId();
        String our = prefix + String.format("-00000000-0000-0000-0000-%012x", Long.parseLong(f[1]));
        for (ClassicGroupMember member : members()) {
            if (!before.contains(member.memberId())) know(our, member.memberId());
        }
        if (future.isDone() && future.get().errorCode() == Errors.MEMBER_ID_REQUIRED.code()) know(our, future.get().memberId());
    }

    /** Apache keeps waiting for the sync of an id that is replaced; Ottla waits for that of the one in its place. */
    private void replaceGhosts(ClassicGroup group) {
        List<String> ghosts = group.allPendingSyncMembers().stream().filter(id -> !group.hasMember(id)).toList();
        for (String ghost : ghosts) {
            group.allPendingSyncMembers().remove(ghost);
            String instance = our(ghost).split("-")[0];
            if (group.hasStaticMember(instance)) group.allPendingSyncMembers().add(group.staticMemberId(instance));
        }
    }

    private void sync(String[] f) throws Exception {
        List<SyncGroupRequestData.SyncGroupRequestAssignment> assignments = new ArrayList<>();
        for (String part : list(f[7])) {
            String[] parts = part.split(":");
            assignments.add(new SyncGroupRequestData.SyncGroupRequestAssignment().setMemberId(their(parts[0])).setAssignment(bytes(parts[1])));
        }
        SyncGroupRequestData request = new SyncGroupRequestData()
            .setGroupId(GROUP)
            .setMemberId(their(f[2]))
            .setGroupInstanceId(optional(f[3]))
            .setGenerationId(Integer.parseInt(f[4]))
            .setProtocolType(f[5])
            .setProtocolName(f[6])
            .setAssignments(assignments);
        CompletableFuture<SyncGroupResponseData> future = new CompletableFuture<>();
        asked.put(f[1], future);
        int generation = request.generationId();
        boolean isAssigning = writes.stream().anyMatch(write -> write.what.equals("sync") && write.generation == generation);
        take(manager.classicGroupSync(context(ApiKeys.SYNC_GROUP, 5), request, future), "sync", null);
        if (isAssigning && !made.isEmpty()) {
            // A leader that asks again has its assignment written again; Ottla writes the first.
            writes.removeLast();
            made.clear();
        }
    }

    private void heartbeat(String[] f) throws Exception {
        HeartbeatRequestData request = new HeartbeatRequestData()
            .setGroupId(GROUP)
            .setMemberId(their(f[1]))
            .setGroupInstanceId(optional(f[2]))
            .setGenerationId(Integer.parseInt(f[3]));
        short error;
        try {
            error = manager.classicGroupHeartbeat(context(ApiKeys.HEARTBEAT, 4), request).response().errorCode();
        } catch (RuntimeException e) {
            error = Errors.forException(e).code();
        }
        lines.add("heartbeat\t" + error);
    }

    private void leave(String[] f) throws Exception {
        List<LeaveGroupRequestData.MemberIdentity> members = new ArrayList<>();
        for (String one : list(f[2])) {
            String[] parts = one.split(":");
            members.add(new LeaveGroupRequestData.MemberIdentity().setMemberId(their(text(parts[0]))).setGroupInstanceId(optional(parts[1])));
        }
        LeaveGroupRequestData request = new LeaveGroupRequestData().setGroupId(GROUP).setMembers(members);
        CompletableFuture<LeaveGroupResponseData> future = new CompletableFuture<>();
        asked.put(f[1], future);
        try {
            CoordinatorResult<LeaveGroupResponseData, CoordinatorRecord> result =
                manager.classicGroupLeave(context(ApiKeys.LEAVE_GROUP, 5), request);
            take(result, "leave", () -> future.complete(result.response()));
        } catch (RuntimeException e) {
            List<LeaveGroupResponseData.MemberResponse> unknown = members.stream()
                .map(member -> new LeaveGroupResponseData.MemberResponse().setErrorCode(Errors.forException(e).code()))
                .toList();
            future.complete(new LeaveGroupResponseData().setMembers(unknown));
        }
    }

    private void check(String[] f) {
        Errors error = Errors.NONE;
        try {
            group().validateOffsetCommit(their(text(f[1])), optional(f[2]), Integer.parseInt(f[3]), Boolean.parseBoolean(f[4]), 9);
        } catch (RuntimeException e) {
            error = Errors.forException(e);
        }
        lines.add("check\t" + error.code());
    }

    private void commit() {
        Write write = writes.removeFirst();
        log = write.record;
        asked.putAll(write.held);
        if (write.answer != null) write.answer.run();
        if (isOvertaken(write)) return;
        write.append.complete(null);
    }

    private void fail(Errors error) {
        while (!writes.isEmpty()) {
            Write write = writes.removeLast();
            if (!isOvertaken(write)) write.append.completeExceptionally(error.exception());
        }
    }

    /** A static member was replaced, and then its group went on: Apache goes back to what was; Ottla does not. */
    private boolean isOvertaken(Write write) {
        boolean isReplacement = write.what.equals("join") && write.hasMembers();
        return isReplacement && !(group().stateAsString().equals("Stable") && group().generationId() == write.generation);
    }

    /** What has been answered. */
    private void answers() throws Exception {
        for (String ticket : new ArrayList<>(asked.keySet())) {
            CompletableFuture<?> future = asked.get(ticket);
            if (!future.isDone()) continue;
            asked.remove(ticket);
            Object answer = future.get();
            if (answer instanceof JoinGroupResponseData join) {
                List<String> members = join.members().stream()
                    .map(member -> our(member.memberId()) + ":" + show(member.groupInstanceId()) + ":" + hex(member.metadata()))
                    .sorted()
                    .toList();
                lines.add(String.join("\t", "join", ticket, "" + join.errorCode(), "" + join.generationId(), show(join.protocolType()),
                    show(join.protocolName()), show(our(join.leader())), show(our(join.memberId())), "" + join.skipAssignment(), show(members)));
            } else if (answer instanceof SyncGroupResponseData sync) {
                lines.add(String.join("\t", "sync", ticket, "" + sync.errorCode(), show(sync.protocolType()), show(sync.protocolName()),
                    hex(sync.assignment())));
            } else if (answer instanceof LeaveGroupResponseData leave) {
                List<String> errors = leave.members().stream().map(member -> "" + member.errorCode()).toList();
                lines.add(String.join("\t", "leave", ticket, show(errors)));
            }
        }
    }

    private String state() {
        ClassicGroup group = group();
        if (group == null) return "state\t-";
        List<String> members = members().stream()
            .map(member -> our(member.memberId()) + ":" + hex(member.assignment()))
            .sorted()
            .toList();
        String protocol = group.stateAsString().equals("Stable") ? group.protocolName().get() : "";
        String leader = group.leaderOrNull() == null ? "-" : our(group.leaderOrNull());
        return String.join("\t", "state", group.stateAsString(), "" + group.generationId(), show(group.protocolType().orElse("")),
            show(protocol), show(members), leader);
    }

    private String show(CoordinatorRecord record) {
        GroupMetadataValue value = (GroupMetadataValue) record.value().message();
        if (record.value().version() != 3) throw new IllegalStateException("version " + record.value().version());
        List<String> members = value.members().stream()
            .map(member -> String.join(":", our(member.memberId()), show(member.groupInstanceId()), member.clientId(), member.clientHost(),
                "" + member.rebalanceTimeout(), "" + member.sessionTimeout(), hex(member.subscription()), hex(member.assignment())))
            .sorted()
            .toList();
        return String.join("\t", "record", show(value.protocolType()), "" + value.generation(), show(value.protocol()),
            value.leader() == null ? "-" : show(our(value.leader())), "" + value.currentStateTimestamp(), show(members));
    }

    /** Compares what has come of the last line that happened. */
    private void compare(String[] happened, List<String> expected) {
        List<String> mine = new ArrayList<>(lines);
        lines.clear();
        List<String> ottla = new ArrayList<>();
        for (String line : expected) {
            String[] f = line.split("\t");
            CompletableFuture<?> future = f.length > 1 ? asked.get(f[1]) : null;
            boolean isAnswer = f[0].equals("join") || f[0].equals("sync");
            if (isAnswer && isOrphan(f[1]) || isAnswer && happened[0].equals("load") && f[2].equals("" + Errors.NOT_COORDINATOR.code()) && !has(mine, f)) {
                // Apache forgets whoever is replaced by itself, leaves while it syncs, or is unloaded while its new id is written.
                asked.remove(f[1]);
                continue;
            }
            ottla.add(line);
        }
        align(ottla, happened[0].equals("pass"));
        mine.sort(null);
        ottla.sort(null);
        if (sansState(mine).equals(sansState(ottla))) return;
        if (sansLeader(mine).equals(sansLeader(ottla)) && happened[0].matches("pass|leave|join|fail|sync|commit")) {
            throw new Parted("the next leader is anybody");
        }
        boolean isRefused = ottla.stream().anyMatch(line -> line.startsWith("join\t") && line.split("\t")[2].equals("" + Errors.GROUP_MAX_SIZE_REACHED.code()));
        if (isRefused && ottla.size() > mine.size()) {
            throw new Parted("nobody is missing once somebody is refused");
        }
        System.out.println("DIFFERENT at " + String.join("\t", happened));
        mine.forEach(line -> System.out.println("  apache " + line));
        ottla.forEach(line -> System.out.println("  ottla  " + line));
        throw new AssertionError();
    }

    private static boolean has(List<String> lines, String[] answer) {
        return lines.stream().anyMatch(line -> line.startsWith(answer[0] + "\t" + answer[1] + "\t"));
    }

    /** Whether Apache will never answer: no member waits with it. */
    private boolean isOrphan(String ticket) {
        CompletableFuture<?> future = asked.get(ticket);
        if (future == null) return false;
        return members().stream().noneMatch(member -> member.awaitingJoinFuture() == future || member.awaitingSyncFuture() == future);
    }

    /** Leaders and members lists, which only leaders get, are left out. */
    private static List<String> sansLeader(List<String> lines) {
        return lines.stream().map(line -> {
            String[] f = line.split("\t");
            if (f[0].equals("join")) f[6] = f[9] = "?";
            if (f[0].equals("record")) f[4] = "?";
            if (f[0].equals("state")) f[f.length - 1] = "?";
            return String.join("\t", f);
        }).sorted().toList();
    }

    /** Who leads is compared by {@link #align}. */
    private static List<String> sansState(List<String> lines) {
        return lines.stream().map(line -> line.startsWith("state\t") ? line.substring(0, line.lastIndexOf('\t')) : line).toList();
    }

    /** Where the leader goes, any member may be the next: Apache's is made the one that Ottla has. */
    private void align(List<String> ottla, boolean mayChangeTwice) {
        ClassicGroup group = group();
        if (group == null || group.leaderOrNull() == null) {
            leader = null;
            return;
        }
        String state = ottla.stream().filter(line -> line.startsWith("state\t")).findFirst().get();
        String next = their(state.substring(state.lastIndexOf('\t') + 1));
        boolean isAnybody = mayChangeTwice || !group.leaderOrNull().equals(leader) && !next.equals(leader);
        if (!group.leaderOrNull().equals(next)) {
            if (!isAnybody || !group.hasMember(next)) {
                throw new AssertionError("apache's leader is " + our(group.leaderOrNull()) + ", was " + our("" + leader) + "; ottla " + state);
            }
            group.setLeaderId(Optional.of(next));
        }
        leader = next;
    }

    private String leader;

    public static void main(String[] arguments) throws Exception {
        ClassicReplay replay = new ClassicReplay();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        Map<String, Integer> parted = new TreeMap<>();
        String seed = "";
        long steps = 0;
        int groups = 0;
        boolean isParted = false;
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
                    if (e.getMessage() != null) System.out.println(e.getMessage());
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

    private static List<String> list(String field) {
        return field.equals("-") ? List.of() : Arrays.asList(field.split(","));
    }

    private static String show(String value) {
        return value == null ? "-" : value.isEmpty() ? "." : value;
    }

    private static String show(List<String> items) {
        return items.isEmpty() ? "-" : String.join(",", items);
    }

    private static byte[] bytes(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(hex.substring(1 + 2 * i, 3 + 2 * i), 16);
        return bytes;
    }

    private static String hex(byte[] bytes) {
        StringBuilder digits = new StringBuilder("x");
        if (bytes != null) for (byte one : bytes) digits.append(String.format("%02x", one));
        return digits.toString();
    }
}
