use super::text::Text;
use crate::records::compression::Unpacked;
use crate::records::{BatchError, varint};

/// What is left of a record, wherever it lies. `None` is a field that ends behind it, or is none.
pub(super) trait Body {
    fn varint(&mut self) -> Option<i32>;
    fn varlong(&mut self) -> Option<i64>;
    /// `None` for a negative length, too.
    fn skip(&mut self, length: i32) -> Option<()>;
    /// Whether so many bytes are UTF-8.
    fn text(&mut self, length: i32) -> Option<bool>;
    fn is_empty(&self) -> bool;
}

impl Body for &[u8] {
    #[inline]
    fn varint(&mut self) -> Option<i32> {
        varint::take_i32(self)
    }

    #[inline]
    fn varlong(&mut self) -> Option<i64> {
        varint::take_i64(self)
    }

    #[inline]
    fn skip(&mut self, length: i32) -> Option<()> {
        *self = self.get(usize::try_from(length).ok()?..)?;
        Some(())
    }

    fn text(&mut self, length: i32) -> Option<bool> {
        let (text, rest) = self.split_at_checked(usize::try_from(length).ok()?)?;
        *self = rest;
        Some(std::str::from_utf8(text).is_ok())
    }

    fn is_empty(&self) -> bool {
        <[u8]>::is_empty(self)
    }
}

/// A record that does not end within the piece that it begins in.
pub(super) struct Across<'u, 'a> {
    records: &'u mut Unpacked<'a>,
    index: i32,
    /// Bytes of the record that are not read yet.
    left: usize,
    /// Why there are no more bytes, where the record has more: it says more than what that makes of a field.
    failure: Option<BatchError>,
}

impl<'u, 'a> Across<'u, 'a> {
    /// Reads the record at the front, whose body is for `read`.
    pub(super) fn read<T>(
        records: &'u mut Unpacked<'a>,
        index: i32,
        read: impl FnOnce(&mut Self) -> Result<T, &'static str>,
    ) -> Result<T, BatchError> {
        let mut record = Self {
            records,
            index,
            left: varint::MAX_I32,
            failure: None,
        };
        let length = record.varint().ok_or("its length is cut or too long");
        let found = length.and_then(|length| {
            record.left = usize::try_from(length).map_err(|_| LONGER)?;
            read(&mut record)
        });
        match record.failure {
            Some(failure) => Err(failure),
            None => found.map_err(|problem| BatchError::Record { index, problem }),
        }
    }

    /// What of the record the piece at hand holds; `None` behind the last piece.
    fn piece(&mut self) -> Option<&[u8]> {
        let left = self.left;
        match self.records.piece() {
            Ok([]) => {
                self.failure = Some(BatchError::Record {
                    index: self.index,
                    problem: LONGER,
                });
                None
            }
            Ok(piece) => Some(&piece[..piece.len().min(left)]),
            Err(failure) => {
                self.failure = Some(failure);
                None
            }
        }
    }

    fn consume(&mut self, length: usize) {
        self.records.consume(length);
        self.left -= length;
    }

    /// The bytes of an integer, as far as they are there, and how many.
    fn integer(&mut self, longest: usize) -> ([u8; varint::MAX_I64], usize) {
        let (mut bytes, mut count) = ([0; varint::MAX_I64], 0);
        while count < longest && self.left > 0 {
            let Some(byte) = self.piece().map(|piece| piece[0]) else {
                break;
            };
            self.consume(1);
            bytes[count] = byte;
            count += 1;
            if byte < 0x80 {
                break;
            }
        }
        (bytes, count)
    }

    /// Passes the next `length` bytes to `each`, in parts.
    fn take(&mut self, length: i32, mut each: impl FnMut(&[u8])) -> Option<()> {
        let mut missing = usize::try_from(length).ok().filter(|it| *it <= self.left)?;
        while missing > 0 {
            let piece = self.piece()?;
            let part = &piece[..piece.len().min(missing)];
            each(part);
            let length = part.len();
            self.consume(length);
            missing -= length;
        }
        Some(())
    }
}

const LONGER: &str = "it is longer than the batch";

impl Body for Across<'_, '_> {
    fn varint(&mut self) -> Option<i32> {
        let (bytes, count) = self.integer(varint::MAX_I32);
        varint::take_i32(&mut &bytes[..count])
    }

    fn varlong(&mut self) -> Option<i64> {
        let (bytes, count) = self.integer(varint::MAX_I64);
        varint::take_i64(&mut &bytes[..count])
    }

    fn skip(&mut self, length: i32) -> Option<()> {
        self.take(length, |_| ())
    }

    fn text(&mut self, length: i32) -> Option<bool> {
        let mut text = Text::default();
        self.take(length, |part| text.push(part))?;
        Some(text.is_utf8())
    }

    fn is_empty(&self) -> bool {
        self.left == 0
    }
}
