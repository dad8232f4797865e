//! Records whose meaning belongs to features this node does not have yet. They are kept by what they are about, so that nothing
//! of another node's cluster is lost in a snapshot.

use imbl::OrdMap;
use ottla_model::Uuid;
use ottla_wire::metadata_record::MetadataRecord;

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    DelegationToken(String),
    AccessControlEntry(Uuid),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Kept {
    records: OrdMap<Subject, MetadataRecord<'static>>,
}

impl Kept {
    /// False when the record is of another kind.
    pub(crate) fn apply(&mut self, record: &MetadataRecord<'_>) -> bool {
        let (subject, is_removal) = match record {
            MetadataRecord::DelegationToken(token) => {
                (Subject::DelegationToken(token.token_id.to_string()), false)
            }
            MetadataRecord::RemoveDelegationToken(token) => {
                (Subject::DelegationToken(token.token_id.to_string()), true)
            }
            MetadataRecord::AccessControlEntry(entry) => {
                (Subject::AccessControlEntry(entry.id), false)
            }
            MetadataRecord::RemoveAccessControlEntry(entry) => {
                (Subject::AccessControlEntry(entry.id), true)
            }
            _ => return false,
        };
        if is_removal {
            self.records.remove(&subject);
        } else {
            self.records.insert(subject, record.clone().into_owned());
        }
        true
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = MetadataRecord<'static>> {
        self.records.values().cloned()
    }
}
