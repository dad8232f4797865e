use std::path::{Path, PathBuf};
use std::process::Command;

use super::Product;
use crate::compare::results::Subject;

pub(in crate::compare) struct Ottla {
    pub(in crate::compare) binary: PathBuf,
}

impl Product for Ottla {
    fn subject(&self) -> Subject {
        Subject::Ottla
    }

    fn format(&self, properties: &Path, cluster_id: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(["storage", "format", "--standalone", "--cluster-id"])
            .args([cluster_id, "--config"])
            .arg(properties);
        command
    }

    fn start(&self, properties: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("server").arg(properties);
        command
    }

    fn own_properties(&self) -> &'static str {
        ""
    }
}
