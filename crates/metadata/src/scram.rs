use std::sync::Arc;

use imbl::OrdMap;
use ottla_wire::IntoOwned;
use ottla_wire::metadata_record::{
    MetadataRecord, RemoveUserScramCredentialRecord, UserScramCredentialRecord,
};

/// What users prove by SCRAM to know (KIP-900): by user and mechanism, 1 for SCRAM-SHA-256 and 2 for SCRAM-SHA-512.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramCredentials {
    by_user: OrdMap<(Arc<str>, i8), UserScramCredentialRecord<'static>>,
}

impl ScramCredentials {
    /// By user and mechanism, ascending.
    pub fn iter(&self) -> impl Iterator<Item = &UserScramCredentialRecord<'static>> {
        self.by_user.values()
    }

    #[must_use]
    pub fn get(&self, user: &str, mechanism: i8) -> Option<&UserScramCredentialRecord<'static>> {
        self.by_user.get(&(Arc::from(user), mechanism))
    }

    pub(crate) fn set(&mut self, record: &UserScramCredentialRecord<'_>) {
        let key = (Arc::from(&*record.name), record.mechanism);
        self.by_user.insert(key, record.clone().into_owned());
    }

    pub(crate) fn remove(&mut self, record: &RemoveUserScramCredentialRecord<'_>) {
        let key = (Arc::from(&*record.name), record.mechanism);
        self.by_user.remove(&key);
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = MetadataRecord<'static>> {
        self.by_user.values().cloned().map(Into::into)
    }
}
