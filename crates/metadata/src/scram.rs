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

    /// Those of one user, by mechanism.
    pub fn of_user(&self, user: &str) -> impl Iterator<Item = &UserScramCredentialRecord<'static>> {
        let user: Arc<str> = Arc::from(user);
        let all = (Arc::clone(&user), i8::MIN)..=(user, i8::MAX);
        self.by_user.range(all).map(|(_, record)| record)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_credentials_are_those_of_that_name_alone() {
        let mut all = ScramCredentials::default();
        for (name, mechanism) in [("a", 2), ("b", 2), ("b", 1), ("ba", 1)] {
            all.set(&UserScramCredentialRecord {
                name: name.into(),
                mechanism,
                ..Default::default()
            });
        }
        let of = |user| all.of_user(user).map(|it| it.mechanism).collect::<Vec<_>>();
        assert_eq!((of("a"), of("b"), of("c")), (vec![2], vec![1, 2], vec![]));
    }
}
