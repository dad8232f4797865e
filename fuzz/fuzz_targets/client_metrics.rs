//! Whatever a client pushes as its metrics, packed in any codec, is metrics or an error; and read twice it is the same. The first byte is
//! the codec's number.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_telemetry::{otlp, unpack};
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
    let read = otlp::read(&metrics, |point| {
        points += 1;
        // What the log shows of it.
        let shown = point.attributes.to_string();
        assert_eq!(shown.is_empty(), point.attributes.iter().next().is_none());
    });
    if let Ok(counts) = read {
        assert_eq!(counts.points, points);
    }
    assert_eq!(otlp::read(&metrics, |_| ()), read);
});
