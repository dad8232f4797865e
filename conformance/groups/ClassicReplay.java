package org.apache.kafka.coordinator.group;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.group.classic.ClassicGroup;
import org.apache.kafka.coordinator.group.classic.ClassicGroupMember;
import org.apache.kafka.coordinator.group.generated.GroupMetadataKey;
import org.apache.kafka.coordinator.group.generated.GroupMetadataValue;

/**
 * Compares answers, records and states of classic groups (crates/group/examples/classic_trace.rs), all but these:
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
public final class ClassicReplay extends Replay {
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
    /** The records of what happens now. */
    private List<CoordinatorRecord> made;

    @Override
    void start(String[] f) {
        clock = new SteppedClock();
        writes = new ArrayDeque<>();
        log = null;
        asked = new TreeMap<>();
        ours = new HashMap<>(Map.of("", ""));
        theirs = new HashMap<>(Map.of("", ""));
        lines = new ArrayList<>();
        made = new ArrayList<>();
        leader = null;
        config = GroupCoordinatorConfig.fromProps(Map.of("group.initial.rebalance.delay.ms", f[2], "group.max.size", f[3]));
        load();
    }

    private void load() {
        timer = new SteppedTimer(clock, operation -> {
            answers();
            take(operation.generateRecords(), "pass", null);
        });
        manager = builder(clock, timer, config).build();
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

    @Override
    void happen(String[] f) throws Exception {
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

    @Override
    int mostParted() {
        return 30;
    }

    @Override
    void compare(String[] happened, List<String> expected) {
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
        if (isRefused && isJoinedEarlier(mine, ottla)) {
            throw new Parted("nobody is missing once somebody is refused");
        }
        throw different(happened, mine, ottla);
    }

    /** Whether Apache still prepares, and Ottla has gone on to the next generation, and nothing else is different. */
    private static boolean isJoinedEarlier(List<String> mine, List<String> ottla) {
        List<String> without = mine.stream().filter(line -> !ottla.contains(line)).toList();
        List<String> with = ottla.stream().filter(line -> !mine.contains(line)).toList();
        if (without.size() != 1 || !without.get(0).startsWith("state\tPreparingRebalance\t")) return false;
        String[] before = without.get(0).split("\t");
        int generation = Integer.parseInt(before[2]) + 1;
        return with.stream().allMatch(line -> {
            String[] f = line.split("\t");
            return f[0].equals("join")
                ? f[2].equals("0") && f[3].equals("" + generation)
                : f[0].equals("state") && f[1].equals("CompletingRebalance") && f[2].equals("" + generation) && f[5].equals(before[5]);
        });
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
        new ClassicReplay().play();
    }

    private static List<String> list(String field) {
        return field.equals("-") ? List.of() : Arrays.asList(field.split(","));
    }

    private static String show(List<String> items) {
        return items.isEmpty() ? "-" : String.join(",", items);
    }
}
