package org.apache.kafka.coordinator.group;

import org.apache.kafka.coordinator.common.runtime.CoordinatorExecutor;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;

/** For coordinators that are to do all by themselves. */
final class NoExecutor implements CoordinatorExecutor<CoordinatorRecord> {
    @Override
    public <R> boolean schedule(String key, TaskRunnable<R> task, TaskOperation<CoordinatorRecord, R> operation) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isScheduled(String key) {
        return false;
    }

    @Override
    public void cancel(String key) {
    }
}
