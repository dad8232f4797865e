//! The variable-length integers within records: ZigZag, then groups of seven bits, the lowest first.

/// The longest forms that are read. Bytes.
pub(super) const MAX_I32: usize = 5;
pub(super) const MAX_I64: usize = 10;

/// Takes one off the front of `bytes`; `None` when they end within it or it is longer than 32 bits need.
#[inline]
pub(super) fn take_i32(bytes: &mut &[u8]) -> Option<i32> {
    let raw = match take_short(bytes) {
        Some(raw) => raw,
        None => u32::try_from(take_long(bytes, MAX_I32)?).ok()?,
    };
    Some((raw >> 1) as i32 ^ -((raw & 1) as i32))
}

/// As [`take_i32`], for 64 bits.
#[inline]
pub(super) fn take_i64(bytes: &mut &[u8]) -> Option<i64> {
    let raw = match take_short(bytes) {
        Some(raw) => u64::from(raw),
        None => take_long(bytes, MAX_I64)?,
    };
    Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

/// One or two bytes: nearly all that records have. Nothing is taken where it is longer or cut.
#[inline]
fn take_short(bytes: &mut &[u8]) -> Option<u32> {
    match **bytes {
        [first @ ..0x80, ref rest @ ..] => {
            *bytes = rest;
            Some(u32::from(first))
        }
        [first, second @ ..0x80, ref rest @ ..] => {
            *bytes = rest;
            Some(u32::from(first & 0x7f) | u32::from(second) << 7)
        }
        _ => None,
    }
}

fn take_long(bytes: &mut &[u8], longest: usize) -> Option<u64> {
    let mut value = 0u64;
    for (i, byte) in bytes.iter().take(longest).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * i as u32)?;
        if byte & 0x80 == 0 {
            *bytes = &bytes[i + 1..];
            return Some(value);
        }
    }
    None
}

pub(super) fn put(into: &mut Vec<u8>, value: i64) {
    let mut raw = (value << 1 ^ value >> 63) as u64;
    while raw >= 0x80 {
        into.push(raw as u8 | 0x80);
        raw >>= 7;
    }
    into.push(raw as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_short_form_is_read_as_a_long_one(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..12), continued in 0usize..12,
        ) {
            bytes.iter_mut().take(continued).for_each(|byte| *byte |= 0x80);
            let (mut short, mut long) = (&bytes[..], &bytes[..]);
            let taken = take_long(&mut long, MAX_I64).map(|raw| (raw >> 1) as i64 ^ -((raw & 1) as i64));
            prop_assert_eq!(take_i64(&mut short), taken);
            prop_assert_eq!(short, long);
            let (mut short, mut long) = (&bytes[..], &bytes[..]);
            let taken = take_long(&mut long, MAX_I32).and_then(|raw| u32::try_from(raw).ok());
            prop_assert_eq!(take_i32(&mut short), taken.map(|raw| (raw >> 1) as i32 ^ -((raw & 1) as i32)));
            prop_assert_eq!(short, long);
        }

        #[test]
        fn what_is_put_is_taken(value: i64) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            prop_assert_eq!(take_i64(&mut &bytes[..]), Some(value));
            prop_assert_eq!(take_i32(&mut &bytes[..]), i32::try_from(value).ok());
        }
    }

    #[test]
    fn cut_or_endless_integers_are_refused() {
        assert_eq!(take_i32(&mut &[0x80][..]), None);
        assert_eq!(take_i32(&mut &[0x80; 6][..]), None);
        assert_eq!(take_i64(&mut &[0xff; 11][..]), None);
    }
}
