//! Whatever `quorum-state` and `meta.properties` hold is understood or refused, and what is understood is written so that it is again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_log::dir::MetaProperties;
use ottla_raft::{Membership, quorum_state};

fuzz_target!(|file: &[u8]| {
    let text = String::from_utf8_lossy(file);
    if let Ok(state) = quorum_state::parse(&text) {
        let membership = Membership {
            kraft_version: 1,
            voters: Vec::new(),
        };
        let again = quorum_state::to_text(&state, &membership);
        assert_eq!(quorum_state::parse(&again), Ok(state));
    }
    if let Ok(properties) = MetaProperties::parse(&text) {
        assert_eq!(MetaProperties::parse(&properties.to_text()), Ok(properties));
    }
});
