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

    fn program(&self) -> &Path {
        &self.binary
    }

    fn start(&self, properties: &Path) -> Command {
        let mut command = Command::new(self.program());
        command.arg("server").arg(properties);
        command
    }

    fn own_properties(&self) -> &'static str {
        ""
    }
}
