//! The two brokers, as far as they differ.

mod kafka;
mod ottla;

use std::path::Path;
use std::process::Command;

use super::results::Subject;

pub(super) use kafka::Kafka;
pub(super) use ottla::Ottla;

/// A broker that is compared. All else about it is the same: configuration file, directory, listener, load.
pub(super) trait Product {
    /// Under whose name its figures stand.
    fn subject(&self) -> Subject;

    /// What runs its commands.
    fn program(&self) -> &Path;

    /// Its storage tool: formats the directories that `properties` name for a cluster of this id.
    fn format(&self, properties: &Path, cluster_id: &str) -> Command {
        let mut command = Command::new(self.program());
        command
            .args(["storage", "format", "--standalone", "--cluster-id"])
            .args([cluster_id, "--config"])
            .arg(properties);
        command
    }

    /// The broker itself, in the foreground; the process that is started is the one that is measured.
    fn start(&self, properties: &Path) -> Command;

    /// Properties beside those that both get.
    fn own_properties(&self) -> &'static str;
}
