package org.apache.kafka.coordinator.group;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorTimer;

/** Timers of a clock that moves when it is told to. */
final class SteppedTimer implements CoordinatorTimer<CoordinatorRecord> {
    /** What is done with a timer whose time has come. */
    interface Due {
        void run(TimeoutOperation<CoordinatorRecord> operation) throws Exception;
    }

    private record Scheduled(long at, long number, TimeoutOperation<CoordinatorRecord> run) {
    }

    private final SteppedClock clock;
    private final Due due;
    private final Map<String, Scheduled> scheduled = new HashMap<>();
    private long number = 0;

    SteppedTimer(SteppedClock clock, Due due) {
        this.clock = clock;
        this.due = due;
    }

    @Override
    public void schedule(String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<CoordinatorRecord> operation) {
        scheduled.put(key, new Scheduled(clock.now + unit.toMillis(delay), number++, operation));
    }

    @Override
    public void schedule(String key, long delay, TimeUnit unit, boolean retry, long backoff, TimeoutOperation<CoordinatorRecord> operation) {
        schedule(key, delay, unit, retry, operation);
    }

    @Override
    public void scheduleIfAbsent(String key, long delay, TimeUnit unit, boolean retry, TimeoutOperation<CoordinatorRecord> operation) {
        if (!scheduled.containsKey(key)) schedule(key, delay, unit, retry, operation);
    }

    @Override
    public void cancel(String key) {
        scheduled.remove(key);
    }

    @Override
    public boolean isScheduled(String key) {
        return scheduled.containsKey(key);
    }

    void pass(long milliseconds) throws Exception {
        long end = clock.now + milliseconds;
        while (true) {
            String first = null;
            for (Map.Entry<String, Scheduled> entry : scheduled.entrySet()) {
                Scheduled one = entry.getValue();
                Scheduled other = first == null ? null : scheduled.get(first);
                boolean earlier = other == null || one.at < other.at || one.at == other.at && one.number < other.number;
                if (one.at <= end && earlier) first = entry.getKey();
            }
            if (first == null) break;
            Scheduled next = scheduled.remove(first);
            clock.now = Math.max(clock.now, next.at);
            due.run(next.run);
        }
        clock.now = end;
    }
}
