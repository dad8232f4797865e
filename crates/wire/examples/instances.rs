//! Prints instances of every message in every version, one a line: name, version, what can be read, and what we write then,
//! both in hexadecimal. They differ where a tagged field was sent although it holds its default, which is not written.
//! Behind them come the records of the logs, by the name of their log; each is a key, a slash and a value, and one without
//! value is a tombstone. Another implementation is to write the same when it has read the same.
//! The one argument is how many of each.

#[path = "../tests/composer/mod.rs"]
mod composer;
#[path = "../tests/record_composer/mod.rs"]
mod record_composer;

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};

use composer::compose;
use ottla_wire::schema::all;
use record_composer::{ComposedRecord, compose_records};

fn main() -> io::Result<()> {
    let instances: u32 = std::env::args()
        .nth(1)
        .and_then(|count| count.parse().ok())
        .unwrap_or(20);
    let mut out = BufWriter::new(io::stdout().lock());
    for seed in 0..instances {
        print_messages(&mut out, &choices(seed), seed % 2 == 1)?;
        print_records(&mut out, &choices(seed), seed % 2 == 1)?;
    }
    out.flush()
}

fn print_messages(out: &mut impl Write, choices: &[u8], with_tags: bool) -> io::Result<()> {
    for message in all() {
        for version in message.versions() {
            let composed = compose(message, version, choices, with_tags);
            let bytes = (message.recode)(&composed, version.number).map_err(io::Error::other)?;
            let (name, version) = (message.body.name, version.number);
            writeln!(out, "{name} {version} {} {}", hex(&composed), hex(&bytes))?;
        }
    }
    Ok(())
}

fn print_records(out: &mut impl Write, choices: &[u8], with_tags: bool) -> io::Result<()> {
    for record in compose_records(choices, with_tags) {
        print_record(out, &record, Some(&record.value))?;
        if !record.key.is_empty() {
            print_record(out, &record, None)?;
        }
    }
    Ok(())
}

fn print_record(
    out: &mut impl Write,
    record: &ComposedRecord,
    value: Option<&[u8]>,
) -> io::Result<()> {
    let number = record.version.number;
    let again = (record.recode)(&record.key, value, number).map_err(io::Error::other)?;
    let (key, value_again) = again.ok_or_else(|| io::Error::other("an unknown type of record"))?;
    writeln!(
        out,
        "{} {number} {}/{} {}/{}",
        record.log,
        hex(&record.key),
        hex(value.unwrap_or_default()),
        hex(&key),
        hex(&value_again.unwrap_or_default()),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes everything");
        text
    })
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
