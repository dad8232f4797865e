//! What holds for every message in every version, whatever the bytes are.

mod composer;

use composer::{all, compose, versions};
use ottla_wire::DecodeError;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_by_the_table_is_read_and_written_again(choices in prop::collection::vec(any::<u8>(), 1..64)) {
        for message in all() {
            for version in versions(message) {
                let name = message.body.name;
                let bytes = compose(message, version, &choices, false);
                let again = (message.recode)(&bytes, version.number);
                prop_assert_eq!(again, Ok(bytes), "{} {:?}", name, version);

                // A tag that happens to hold its default is not written again.
                let tagged = compose(message, version, &choices, true);
                let once = (message.recode)(&tagged, version.number);
                let once = once.map_err(|error| TestCaseError::fail(format!("{name} {version:?}: {error}")))?;
                prop_assert!(once.len() <= tagged.len());
                prop_assert_eq!((message.recode)(&once, version.number), Ok(once), "{} {:?}", name, version);
            }
        }
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        for message in all() {
            for version in versions(message) {
                // Decoding must come back; what it says is its own affair.
                if let Ok(again) = (message.recode)(&bytes, version.number) {
                    prop_assert_eq!((message.recode)(&again, version.number), Ok(again));
                }
            }
        }
    }

    #[test]
    fn a_damaged_message_is_a_message_or_an_error(
        choices in prop::collection::vec(any::<u8>(), 1..64),
        position in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        for message in all() {
            for version in versions(message) {
                let mut bytes = compose(message, version, &choices, true).to_vec();
                if bytes.is_empty() {
                    continue;
                }
                let shorter = &bytes[..cut.index(bytes.len())];
                prop_assert!((message.recode)(shorter, version.number).is_err());
                let position = position.index(bytes.len());
                bytes[position] = byte;
                // Whether it still is one depends on the byte.
                let _ = (message.recode)(&bytes, version.number);
            }
        }
    }
}

#[test]
fn versions_beyond_the_valid_ones_are_refused() {
    for message in all() {
        for version in [*message.valid.start() - 1, *message.valid.end() + 1] {
            assert_eq!(
                (message.recode)(&[], version),
                Err(DecodeError::UnsupportedVersion {
                    message: message.body.name,
                    version
                })
            );
        }
    }
}
