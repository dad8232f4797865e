//! The variable-length integers within records: ZigZag, then groups of seven bits, the lowest first.

/// Takes one off the front of `bytes`; `None` when they end within it or it is longer than 32 bits need.
pub(super) fn take_i32(bytes: &mut &[u8]) -> Option<i32> {
    let raw = take(bytes, 5)?;
    let raw = u32::try_from(raw).ok()?;
    Some((raw >> 1) as i32 ^ -((raw & 1) as i32))
}

/// As [`take_i32`], for 64 bits.
pub(super) fn take_i64(bytes: &mut &[u8]) -> Option<i64> {
    let raw = take(bytes, 10)?;
    Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

fn take(bytes: &mut &[u8], longest: usize) -> Option<u64> {
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
