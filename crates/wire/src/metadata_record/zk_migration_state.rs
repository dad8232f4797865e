use crate::{IntoOwned, Message};

/// How far a migration from ZooKeeper was. Written by releases before 4.0; means nothing any more.
#[derive(Clone, Debug, PartialEq, IntoOwned, Message)]
#[message(metadata = 21, versions = 0, flexible = 0..)]
pub struct ZkMigrationStateRecord {
    pub zk_migration_state: i8,
}
