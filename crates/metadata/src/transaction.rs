use imbl::Vector;
use ottla_model::Offset;
use ottla_wire::metadata_record::MetadataRecord;

use crate::{ApplyError, Image};

/// Holds back the records of an open metadata transaction (KIP-868) until it ends, and drops those of an aborted one.
/// Cheap to clone, as the image is.
#[derive(Clone, Debug, Default)]
pub struct TransactionBuffer {
    open: Option<Vector<(Offset, MetadataRecord<'static>)>>,
}

impl TransactionBuffer {
    /// Takes the next record of the log, and applies what it completes.
    ///
    /// # Errors
    /// Those of [`Image::apply`], and records that begin or end a transaction where there is one or none.
    pub fn take(
        &mut self,
        image: &mut Image,
        record: &MetadataRecord<'_>,
        offset: Offset,
    ) -> Result<(), ApplyError> {
        match (record, &mut self.open) {
            (MetadataRecord::BeginTransaction(_), open @ None) => *open = Some(Vector::new()),
            (MetadataRecord::EndTransaction(_), Some(_)) => {
                for (offset, record) in self.open.take().into_iter().flatten() {
                    image.apply(&record, offset)?;
                }
            }
            (MetadataRecord::AbortTransaction(_), Some(_)) => self.open = None,
            (
                MetadataRecord::BeginTransaction(_)
                | MetadataRecord::EndTransaction(_)
                | MetadataRecord::AbortTransaction(_),
                _,
            ) => return Err(ApplyError::Transaction(offset)),
            (record, Some(open)) => open.push_back((offset, record.clone().into_owned())),
            (record, None) => image.apply(record, offset)?,
        }
        Ok(())
    }

    /// Whether records are held back: a new leader aborts them.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }
}
