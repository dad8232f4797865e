use std::path::{Path, PathBuf};
use std::process::Command;

use super::Product;
use crate::compare::results::Subject;

/// What Kafka's documentation names for production, with a heap of 1 GiB: enough for every load here, and as much as its start
/// script gives. The documented region size of 16 MiB is meant for 6 GiB and left to the machine, which does better on 1.
const JVM_OPTIONS: &str = "-server -Xms1g -Xmx1g -XX:MetaspaceSize=96m -XX:+UseG1GC -XX:MaxGCPauseMillis=20 \
     -XX:InitiatingHeapOccupancyPercent=35 -XX:MinMetaspaceFreeRatio=50 -XX:MaxMetaspaceFreeRatio=80 \
     -XX:+ExplicitGCInvokesConcurrent -XX:MaxInlineLevel=15 -Djava.awt.headless=true";

/// Apache Kafka through its wrapper, `conformance/peer/kafka`.
pub(in crate::compare) struct Kafka {
    pub(in crate::compare) wrapper: PathBuf,
}

impl Product for Kafka {
    fn subject(&self) -> Subject {
        Subject::Kafka
    }

    fn program(&self) -> &Path {
        &self.wrapper
    }

    fn start(&self, properties: &Path) -> Command {
        let mut command = Command::new(self.program());
        command
            .env("KAFKA_JVM_OPTS", JVM_OPTIONS)
            .arg("server-start")
            .arg(properties);
        command
    }

    /// Its thread that deletes begins half a minute after the start otherwise, in the midst of a case.
    fn own_properties(&self) -> &'static str {
        "log.initial.task.delay.ms=1000\n"
    }
}
