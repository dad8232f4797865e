//! Whatever a client pushes as its metrics, packed in any codec, is metrics or an error; and read twice it is the same. The first byte is
//! the codec's number.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_telemetry::{Attributes, otlp, unpack};
use ottla_wire::records::Compression;

/// As `telemetry.max.bytes` is by default.
const MOST: usize = 1 << 20;

fuzz_target!(|push: &[u8]| {
    let Some((code, packed)) = push.split_first() else {
        return;
    };
    let codec = Compression::ALL[usize::from(*code) % Compression::ALL.len()];
    let Ok(metrics) = unpack(codec, packed, MOST) else {
        return;
    };
    assert!(metrics.len() <= MOST);
    let mut points = 0;
    // What the log shows of them.
    let shown = |attributes: Attributes<'_>| {
        let shown = attributes.to_string();
        assert_eq!(shown.is_empty(), attributes.iter().next().is_none());
    };
    let read = otlp::read(&metrics, shown, |point, ()| {
        points += 1;
        shown(point.attributes);
    });
    if let Ok(counts) = read {
        assert_eq!(counts.points, points);
    }
    assert_eq!(otlp::read(&metrics, |_| (), |_, ()| ()), read);
});
