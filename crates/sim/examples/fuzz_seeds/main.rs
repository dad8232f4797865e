//! `fuzz_seeds CORPUS`: writes what the fuzzers begin with into `CORPUS/TARGET`: a request of every API and version, made from the tables;
//! metrics that a client pushes; and the files of nodes that lived through some seeds of the simulation, whose clients produced, committed, created and deleted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ottla_sim::scenario::broker::{Planted, play_in};
use ottla_sim::{Machine, Simulation};
use ottla_wire::Writer;
use ottla_wire::api::{SCHEMAS, TABLE};
use ottla_wire::records::{BatchBuilder, BatchFields, Compression, Header, Level};

#[expect(unreachable_pub, reason = "they are a library to the targets")]
#[path = "../../../../fuzz/src/checksums.rs"]
mod checksums;
#[path = "../../../wire/tests/composer/mod.rs"]
mod composer;
#[expect(
    dead_code,
    unreachable_pub,
    reason = "they are a library to the targets, which unpack what is packed here"
)]
#[path = "../../../../fuzz/src/files.rs"]
mod files;

/// Lives of a node, each with its own files.
const SEEDS: u64 = 24;
const CODECS: [Compression; 5] = [
    Compression::None,
    Compression::Gzip,
    Compression::Snappy,
    Compression::Lz4,
    Compression::Zstd,
];

fn main() -> ExitCode {
    let Some(corpus) = std::env::args_os().nth(1) else {
        eprintln!("usage: fuzz_seeds CORPUS");
        return ExitCode::FAILURE;
    };
    match write(Path::new(&corpus)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", Path::new(&corpus).display());
            ExitCode::FAILURE
        }
    }
}

fn write(corpus: &Path) -> io::Result<()> {
    let corpus = |target: &str| Corpus::new(corpus.join(target));
    requests(&mut corpus("request_decode")?)?;
    batches(&mut corpus("batch_validate")?)?;
    properties(&mut corpus("server_properties")?)?;
    pushes(&mut corpus("client_metrics")?)?;
    let mut logs = corpus("log_recovery")?;
    let mut metadata = corpus("metadata_replay")?;
    let mut groups = corpus("group_replay")?;
    let mut texts = corpus("text_files")?;
    for seed in 0..SEEDS {
        let simulation = Simulation::new(seed);
        play_in(&simulation, Planted::Nothing)
            .map_err(|failure| io::Error::other(format!("seed {seed}: {failure}")))?;
        let found = files::read(&simulation.world().disk(Machine(1)));
        let named = || {
            found
                .iter()
                .map(|(path, contents)| (path.as_path(), &contents[..]))
        };
        for folder in files::FOLDERS.map(|folder| Path::new(files::DATA).join(folder)) {
            let is_of_it =
                |path: &Path| path.parent() == Some(&folder) || path.parent() == folder.parent();
            logs.add(&files::pack(named().filter(|(path, _)| is_of_it(path))))?;
        }
        for (path, contents) in &found {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let folder = path.parent().unwrap_or(path).to_string_lossy();
            let is_log = name.ends_with(".log") || name.ends_with(".checkpoint");
            if is_log && folder.contains("__cluster_metadata") {
                metadata.add(contents)?;
            }
            if is_log && folder.contains("__consumer_offsets") {
                groups.add(contents)?;
            }
            if name == "quorum-state" || name == "meta.properties" {
                texts.add(contents)?;
            }
        }
    }
    Ok(())
}

fn requests(corpus: &mut Corpus) -> io::Result<()> {
    for (place, api) in TABLE.iter().enumerate() {
        let request = &SCHEMAS[2 * place];
        for version in request.versions() {
            for (seed, with_tags) in [(3_u8, false), (101, true)] {
                let choices: Vec<u8> = (0..32).map(|i| seed.wrapping_mul(i) ^ (i >> 1)).collect();
                let body = composer::compose(request, version, &choices, with_tags);
                let mut frame = Writer::new();
                frame.i16(api.key.code());
                frame.i16(version.number);
                frame.i32(7);
                frame.i16(2);
                frame.raw(b"me");
                if version.flexible {
                    frame.i8(0);
                }
                frame.raw(&body);
                corpus.add(&frame.into_bytes())?;
            }
        }
    }
    Ok(())
}

/// A metric of each kind in each codec, the codec's number before it.
fn pushes(corpus: &mut Corpus) -> io::Result<()> {
    /// A field of Protocol Buffers that holds a text or a message.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).expect("it is short");
        [&[number << 3 | 2, length], content].concat()
    }
    for codec in CODECS {
        for (kind, attributes) in [(5, 7), (7, 7), (9, 9), (10, 1), (11, 7)] {
            let attribute = [field(1, b"key"), field(2, &field(1, b"value"))].concat();
            let value = [&[4 << 3 | 1], &[7; 8][..]].concat();
            let point = [value, field(attributes, &attribute)].concat();
            let metric = [field(1, b"name"), field(kind, &field(1, &point))].concat();
            let resource = field(1, &field(1, &attribute));
            let metrics = [resource, field(2, &field(2, &metric))].concat();
            let packed = codec.compress(&field(1, &metrics), Level::Default);
            corpus.add(&[&[codec as u8], &packed[..]].concat())?;
        }
    }
    Ok(())
}

fn batches(corpus: &mut Corpus) -> io::Result<()> {
    for compression in CODECS {
        for records in [1, 3, 40] {
            let mut builder = BatchBuilder::new(BatchFields::default(), compression);
            for i in 0..records {
                let value = format!("value {i} of a row of them").repeat(1 + i % 7);
                let key = (i % 3 > 0).then_some(b"key".as_slice());
                let header = Header {
                    key: "header",
                    value: Some(b"value"),
                };
                let time = ottla_model::Timestamp(1_800_000_000_000 + i as i64);
                builder.push(
                    time,
                    key,
                    Some(value.as_bytes()),
                    (i % 2 > 0).then_some(header),
                );
            }
            corpus.add(&builder.build())?;
        }
    }
    Ok(())
}

fn properties(corpus: &mut Corpus) -> io::Result<()> {
    corpus.add(b"process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://:9092,CONTROLLER://:9093\ncontroller.listener.names=CONTROLLER\ncontroller.quorum.bootstrap.servers=localhost:9093\nlog.dirs=/a,/b\n")
}

struct Corpus {
    folder: PathBuf,
    written: usize,
}

impl Corpus {
    fn new(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder, written: 0 })
    }

    fn add(&mut self, contents: &[u8]) -> io::Result<()> {
        self.written += 1;
        fs::write(self.folder.join(format!("seed-{}", self.written)), contents)
    }
}
