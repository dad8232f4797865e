package org.apache.kafka.coordinator.group;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.RequestContext;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;
import org.apache.kafka.timeline.SnapshotRegistry;

/**
 * Reads what has happened to groups, and what Ottla made of it (crates/group/examples), line by line from stdin, has the same happen to
 * Apache Kafka's coordinator, and compares. Ends with 1 at the first difference, and if too little was compared.
 */
abstract class Replay {
    static final String GROUP = "readers";
    /** Fewer steps of a group on average than this, and the trace is not what it was. */
    private static final int LEAST_STEPS = 200;

    /** Ottla does something here that Apache does otherwise, on purpose; the group cannot be compared any further. */
    static final class Parted extends RuntimeException {
        Parted(String why) {
            super(why);
        }
    }

    /** What has come of the last line that happened. */
    List<String> lines;

    /** Begins with a new group; the fields are those of the trace's line. */
    abstract void start(String[] f) throws Exception;

    abstract void happen(String[] f) throws Exception;

    /** Throws an {@link AssertionError} where the lines are not those that Ottla has, and {@link Parted} where they need not be. */
    abstract void compare(String[] happened, List<String> ottla) throws Exception;

    /** Of so many groups how many, in percent, may part before their ends. */
    abstract int mostParted();

    final void play() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        Map<String, Integer> parted = new TreeMap<>();
        String seed = "";
        long steps = 0;
        int groups = 0;
        boolean isParted = false;
        String[] happened = null;
        List<String> ottla = new ArrayList<>();
        while (true) {
            String line = in.readLine();
            if (line != null && line.startsWith("=")) {
                ottla.add(line.substring(1));
                continue;
            }
            if (happened != null && !isParted) {
                try {
                    happen(happened);
                    compare(happened, ottla);
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
            ottla.clear();
            happened = null;
            if (line == null) break;
            String[] f = line.split("\t");
            if (f[0].equals("group")) {
                seed = f[1];
                groups++;
                isParted = false;
                start(f);
            } else {
                happened = f;
            }
        }
        System.out.println(groups + " groups, " + steps + " steps alike; not compared to their ends: " + parted);
        int partedGroups = parted.values().stream().mapToInt(Integer::intValue).sum();
        // Of few groups, one that parts early says nothing.
        boolean isEnough = groups > 0 && steps >= (long) LEAST_STEPS * groups && partedGroups * 100 <= mostParted() * groups + 300;
        if (!isEnough) {
            System.out.println("TOO LITTLE: at least " + LEAST_STEPS + " steps of each group, and at most " + mostParted() + " % of them parted");
        }
        System.exit(isEnough ? 0 : 1);
    }

    static GroupMetadataManager.Builder builder(SteppedClock clock, SteppedTimer timer, GroupCoordinatorConfig config) {
        SnapshotRegistry registry = new SnapshotRegistry(new LogContext());
        return new GroupMetadataManager.Builder()
            .withTime(clock)
            .withTimer(timer)
            .withExecutor(new NoExecutor())
            .withConfig(config)
            .withSnapshotRegistry(registry)
            .withGroupConfigManager(new GroupConfigManager(Map.of(), config, ShareGroupConfig.fromProps(Map.of())))
            .withGroupCoordinatorMetricsShard(new GroupCoordinatorMetrics().newMetricsShard(registry, new TopicPartition("__consumer_offsets", 0)));
    }

    static RequestContext context(ApiKeys api, int version) throws Exception {
        RequestHeader header = new RequestHeader(api, (short) version, "client", 0);
        InetAddress address = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        ListenerName listener = ListenerName.forSecurityProtocol(SecurityProtocol.PLAINTEXT);
        return new RequestContext(header, "1", address, KafkaPrincipal.ANONYMOUS, listener, SecurityProtocol.PLAINTEXT, ClientInformation.EMPTY, false);
    }

    static AssertionError different(String[] happened, List<String> apache, List<String> ottla) {
        StringBuilder said = new StringBuilder("DIFFERENT at " + String.join("\t", happened));
        apache.forEach(line -> said.append("\n  apache ").append(line));
        ottla.forEach(line -> said.append("\n  ottla  ").append(line));
        return new AssertionError(said);
    }

    static String text(String field) {
        return field.equals(".") ? "" : field;
    }

    static String optional(String field) {
        return field.equals("-") ? null : text(field);
    }

    static String show(String value) {
        return value == null ? "-" : value.isEmpty() ? "." : value;
    }

    static byte[] bytes(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(hex.substring(1 + 2 * i, 3 + 2 * i), 16);
        return bytes;
    }

    static String hex(byte[] bytes) {
        StringBuilder digits = new StringBuilder("x");
        if (bytes != null) for (byte one : bytes) digits.append(String.format("%02x", one));
        return digits.toString();
    }
}
