package org.apache.kafka.coordinator.group;

import java.util.function.Supplier;
import org.apache.kafka.common.utils.Time;

/** A clock that moves when it is told to. */
final class SteppedClock implements Time {
    long now = 1_000_000;

    @Override
    public long milliseconds() {
        return now;
    }

    @Override
    public long nanoseconds() {
        return now * 1_000_000;
    }

    @Override
    public void sleep(long ms) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void waitObject(Object object, Supplier<Boolean> condition, long deadline) {
        throw new UnsupportedOperationException();
    }
}
