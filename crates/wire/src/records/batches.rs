use std::borrow::Cow;

use super::{
    BATCH_OVERHEAD, BatchError, BatchHeader, RecordIter, RecordOutline, Unpacked, outline::outline,
};

/// A whole batch, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    pub header: BatchHeader,
    /// Header included.
    pub bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Takes the batch at the front of `bytes`.
    ///
    /// # Errors
    /// When `bytes` ends within it, or it is none.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BatchError> {
        let header = BatchHeader::parse(bytes)?;
        let whole = bytes.get(..header.size);
        let bytes = whole.ok_or(BatchError::Truncated {
            expected: header.size,
            found: bytes.len(),
        })?;
        Ok(Self { header, bytes })
    }

    /// # Errors
    /// When the contents are not what the sender summed up.
    pub fn check(&self) -> Result<(), BatchError> {
        if self.header.crc_matches(self.bytes) {
            return Ok(());
        }
        let found = self.header.checksum(&self.bytes[BATCH_OVERHEAD..]);
        Err(BatchError::Checksum {
            expected: self.header.crc,
            found,
        })
    }

    /// The records' bytes, decompressed if need be; at most `bound` of them.
    ///
    /// # Errors
    /// When they cannot be decompressed, or exceed the bound.
    pub fn uncompressed(&self, bound: usize) -> Result<Cow<'a, [u8]>, BatchError> {
        self.header
            .attributes
            .compression()?
            .decompress(&self.bytes[BATCH_OVERHEAD..], bound)
    }

    /// The records' bytes piece by piece, at most `bound` of them.
    ///
    /// # Errors
    /// As those of the pieces, as far as that is known already.
    pub fn unpack(&self, bound: usize) -> Result<Unpacked<'a>, BatchError> {
        let codec = self.header.attributes.compression()?;
        Unpacked::new(codec, &self.bytes[BATCH_OVERHEAD..], bound)
    }

    /// Checks all records in `unpacked`, which [`unpack`](Self::unpack) gave, and passes each to `each` with its index. Takes no
    /// memory beyond that of a piece.
    ///
    /// # Errors
    /// When they cannot be unpacked, or are not those that the header counts. Some may have been passed by then.
    pub fn outline(
        &self,
        unpacked: Unpacked<'_>,
        each: impl FnMut(i32, RecordOutline),
    ) -> Result<(), BatchError> {
        outline(&self.header, unpacked, each)
    }

    /// The records in `uncompressed`, which [`uncompressed`](Self::uncompressed) gave.
    #[must_use]
    pub fn records<'b>(&self, uncompressed: &'b [u8]) -> RecordIter<'b> {
        RecordIter::new(&self.header, uncompressed)
    }
}

/// Batches one behind the other. Ends after the first error; a cut last batch is one.
#[derive(Clone, Copy, Debug)]
pub struct Batches<'a> {
    rest: &'a [u8],
}

impl<'a> Batches<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let batch = Batch::parse(self.rest);
        self.rest = batch
            .as_ref()
            .map_or(&[], |batch| &self.rest[batch.header.size..]);
        Some(batch)
    }
}
