//! Prints instances of every message in every version, one a line: name, version, what can be read, and what we write then,
//! both in hexadecimal. They differ where a tagged field was sent although it holds its default, which is not written.
//! Another implementation is to write the same when it has read the same. The one argument is how many of each.

#[path = "../tests/composer/mod.rs"]
mod composer;

use std::io::{self, BufWriter, Write};

use composer::compose;
use ottla_wire::schema::all;

fn main() -> io::Result<()> {
    let instances: u32 = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(20);
    let mut out = BufWriter::new(io::stdout().lock());
    for message in all() {
        for version in message.versions() {
            for seed in 0..instances {
                let composed = compose(message, version, &choices(seed), seed % 2 == 1);
                let bytes =
                    (message.recode)(&composed, version.number).map_err(io::Error::other)?;
                write!(out, "{} {}", message.body.name, version.number)?;
                for bytes in [composed, bytes] {
                    out.write_all(b" ")?;
                    for byte in bytes {
                        write!(out, "{byte:02x}")?;
                    }
                }
                writeln!(out)?;
            }
        }
    }
    out.flush()
}

/// The same for the same seed. The first are uniform, so that everything is null, empty or zero at once.
fn choices(seed: u32) -> Vec<u8> {
    if seed < 4 {
        return vec![(seed / 2) as u8];
    }
    let mut state = u64::from(seed);
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..61).map(|_| next()).collect()
}
