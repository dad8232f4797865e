//! SCRAM credentials of users are set and deleted (KIP-554).

use std::collections::BTreeMap;

use ottla_model::ErrorCode;
use ottla_wire::metadata_record::{
    MetadataRecord, RemoveUserScramCredentialRecord, UserScramCredentialRecord,
};

use crate::controller::{Controller, Outcome, Refusal, Reply};
use crate::operation::Operation;

/// SCRAM-SHA-256 and SCRAM-SHA-512.
const MECHANISMS: std::ops::RangeInclusive<i8> = 1..=2;
/// Fewer are guessed too easily, more keep the broker busy.
const ITERATIONS: std::ops::RangeInclusive<i32> = 4096..=16384;

/// What becomes of a credential of one user.
#[derive(Clone, Debug, PartialEq)]
pub enum ScramAlteration {
    Delete {
        user: String,
        mechanism: i8,
    },
    /// With the keys that follow from the salted password; without any where it has no bytes.
    Upsert(UserScramCredentialRecord<'static>),
}

impl ScramAlteration {
    fn user(&self) -> &str {
        match self {
            Self::Delete { user, .. } => user,
            Self::Upsert(record) => &record.name,
        }
    }
}

impl Controller {
    /// Each user once: what is asked twice about one is refused.
    pub(crate) fn alter_scram_credentials(&self, alterations: &[ScramAlteration]) -> Outcome {
        let mut by_user: BTreeMap<&str, Vec<&ScramAlteration>> = BTreeMap::new();
        for alteration in alterations {
            by_user
                .entry(alteration.user())
                .or_default()
                .push(alteration);
        }
        let mut operation = Operation::default();
        let mut results = Vec::new();
        for (user, alterations) in by_user {
            let altered = self.alter_scram_credential(&alterations);
            let altered = altered.and_then(|record| operation.add(vec![record]));
            results.push((user.to_owned(), altered));
        }
        Outcome::atomic(operation.records(false), Reply::ScramAltered(results))
    }

    fn alter_scram_credential(
        &self,
        of_user: &[&ScramAlteration],
    ) -> Result<MetadataRecord<'static>, Refusal> {
        let refused = |code, message: &str| Err(Refusal::new(code, message));
        if !self.image.features().metadata_version().has_scram() {
            let message = "this metadata.version has no SCRAM credentials";
            return refused(ErrorCode::UnsupportedVersion, message);
        }
        // The first one's fault goes before that it is not the only one, as in Kafka.
        let (first, others) = of_user.split_first().expect("a user is named by something");
        let record = self.check_scram(first)?;
        if !others.is_empty() {
            let message = "a user's credentials are altered once in a request";
            return refused(ErrorCode::DuplicateResource, message);
        }
        Ok(record)
    }

    /// What is said of one that is refused is what Apache's tools print.
    fn check_scram(
        &self,
        alteration: &ScramAlteration,
    ) -> Result<MetadataRecord<'static>, Refusal> {
        let refused = |code, message: String| Err(Refusal::new(code, message));
        let mechanism = match alteration {
            ScramAlteration::Delete { mechanism, .. } => *mechanism,
            ScramAlteration::Upsert(record) => record.mechanism,
        };
        let user = alteration.user();
        if user.is_empty() {
            let message = "a user's name may not be empty".to_owned();
            return refused(ErrorCode::UnacceptableCredential, message);
        }
        if !MECHANISMS.contains(&mechanism) {
            let message = format!("SCRAM mechanism {mechanism} is unknown");
            return refused(ErrorCode::UnsupportedSaslMechanism, message);
        }
        match alteration {
            ScramAlteration::Delete { .. } if self.image.scram().get(user, mechanism).is_none() => {
                let message = "Attempt to delete a user credential that does not exist".to_owned();
                refused(ErrorCode::ResourceNotFound, message)
            }
            ScramAlteration::Delete { .. } => Ok(RemoveUserScramCredentialRecord {
                name: user.to_owned().into(),
                mechanism,
            }
            .into()),
            ScramAlteration::Upsert(record) if !ITERATIONS.contains(&record.iterations) => {
                let problem = if record.iterations < *ITERATIONS.start() {
                    "Too few iterations"
                } else {
                    "Too many iterations"
                };
                refused(ErrorCode::UnacceptableCredential, problem.to_owned())
            }
            ScramAlteration::Upsert(record) if record.stored_key.is_empty() => {
                let message = "the salted password may not be empty".to_owned();
                refused(ErrorCode::UnacceptableCredential, message)
            }
            ScramAlteration::Upsert(record) => Ok(record.clone().into()),
        }
    }
}
