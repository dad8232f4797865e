//! Directories are made a node's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use ottla_broker::{DirectoryKind, FirstQuorum, Format, FormatError, Formatted, format};
use ottla_config::{Address, ServerConfig};
use ottla_env::{Clock, Entropy};
use ottla_log::dir::read_meta_properties;
use ottla_metadata::features::{self, KRAFT_VERSION, METADATA_VERSION, MetadataVersion};
use ottla_model::NodeId;
use ottla_raft::{Endpoint, ReplicaKey, Voter};
use ottla_runtime::{RealClock, RealDisk, RealEntropy};

use super::{level, load, release};

#[derive(Args)]
pub(super) struct Arguments {
    /// The node's server.properties.
    #[arg(short, long)]
    config: PathBuf,
    /// As `random-uuid` prints one; the same for all nodes of a cluster.
    #[arg(short = 't', long)]
    cluster_id: String,
    /// Leave directories that are formatted already as they are.
    #[arg(short = 'g', long)]
    ignore_formatted: bool,
    /// The release whose features the cluster begins with, the newest by default.
    #[arg(short, long)]
    release_version: Option<String>,
    /// FEATURE=LEVEL, a feature at another level than the release's; may be given several times.
    #[arg(short, long)]
    feature: Vec<String>,
    /// Begin a dynamic quorum with this node as its one voter.
    #[arg(short, long, conflicts_with_all = ["initial_controllers", "no_initial_controllers"])]
    standalone: bool,
    /// Begin a dynamic quorum with these voters, each ID@HOST:PORT:DIRECTORY-ID; the same on all nodes.
    #[arg(short = 'I', long, conflicts_with = "no_initial_controllers")]
    initial_controllers: Option<String>,
    /// Join a quorum that others begin.
    #[arg(short = 'N', long)]
    no_initial_controllers: bool,
    /// A SCRAM credential that the cluster begins with.
    #[arg(short = 'S', long)]
    add_scram: Vec<String>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), String> {
    let config = load(&arguments.config)?;
    if !arguments.add_scram.is_empty() {
        return Err(
            "--add-scram: this release has no SCRAM; format without it, and keep strangers out by other means"
                .to_owned(),
        );
    }
    let (metadata_version, levels) = levels(&arguments)?;
    let quorum = quorum(&config, &arguments)?;
    check_quorum_level(&config, &arguments, levels.get(KRAFT_VERSION).copied())?;
    let how = Format {
        cluster_id: arguments.cluster_id,
        metadata_version,
        levels,
        quorum,
        ignores_formatted: arguments.ignore_formatted,
    };
    let formatted = carry_out(&config, &how).map_err(|error| error.to_string())?;
    for (path, error) in formatted.unreadable {
        eprintln!("ottla: {error}");
        let path = path.display();
        println!("I/O error trying to read log directory {path}. Ignoring...");
    }
    if formatted.directories.is_empty() {
        println!("All of the log directories are already formatted.");
    }
    for (path, kind) in formatted.directories {
        let kind = match kind {
            DirectoryKind::Data => "data directory",
            DirectoryKind::Metadata => "metadata directory",
            DirectoryKind::DynamicMetadata => "dynamic metadata directory",
            DirectoryKind::Voter => "dynamic metadata voter directory",
        };
        let (path, version) = (path.display(), metadata_version.name());
        println!("Formatting {kind} {path} with metadata.version {version}.");
    }
    Ok(())
}

/// Makes the directories of a node's first start ready, unless they are.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn format_if_new(config: &ServerConfig) -> Result<(), String> {
    // What is there is the start's to judge.
    let is_new = |path: &PathBuf| matches!(read_meta_properties(&RealDisk, path), Ok(None));
    if !config.directories().iter().all(is_new) {
        return Ok(());
    }
    let how = Format {
        cluster_id: RealEntropy.uuid().to_string(),
        metadata_version: MetadataVersion::LATEST,
        levels: BTreeMap::new(),
        quorum: FirstQuorum::Standalone,
        ignores_formatted: false,
    };
    match carry_out(config, &how) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn carry_out(config: &ServerConfig, how: &Format) -> Result<Formatted, FormatError> {
    format(
        &RealDisk,
        &RealEntropy,
        RealClock::new().wall(),
        config,
        how,
    )
}

/// The age of the cluster, and what is to be otherwise.
fn levels(arguments: &Arguments) -> Result<(MetadataVersion, BTreeMap<String, i16>), String> {
    let mut levels = BTreeMap::new();
    for text in &arguments.feature {
        let (name, level) = level(text)?;
        features::at_level(name, level).map_err(|error| format!("--feature {error}"))?;
        levels.insert(name.to_owned(), level);
    }
    let by_level = levels.remove(METADATA_VERSION);
    let version = match (&arguments.release_version, by_level) {
        (Some(_), Some(_)) => {
            return Err(format!(
                "expected only one of --release-version and --feature {METADATA_VERSION}"
            ));
        }
        (Some(name), None) => release(name)?,
        (None, Some(level)) => {
            MetadataVersion::of_level(level).expect("a level of metadata.version was checked")
        }
        (None, None) => MetadataVersion::LATEST,
    };
    Ok((version, levels))
}

fn quorum(config: &ServerConfig, arguments: &Arguments) -> Result<FirstQuorum, String> {
    let is_static = config.has_static_quorum();
    if is_static && (arguments.standalone || arguments.initial_controllers.is_some()) {
        return Err(
            "controller.quorum.voters names the voters already, and --standalone and --initial-controllers begin a dynamic quorum: leave them out, or set controller.quorum.bootstrap.servers instead of controller.quorum.voters"
                .to_owned(),
        );
    }
    match &arguments.initial_controllers {
        Some(text) => parse_voters(config, text).map(FirstQuorum::Voters),
        None if arguments.standalone => Ok(FirstQuorum::Standalone),
        None if is_static || arguments.no_initial_controllers => Ok(FirstQuorum::Configured),
        None => Err(
            "controller.quorum.voters is not set, so say who votes: give --standalone for this node alone, --initial-controllers, or --no-initial-controllers"
                .to_owned(),
        ),
    }
}

/// The quorum's own feature says whether it is dynamic, and so does everything else.
fn check_quorum_level(
    config: &ServerConfig,
    arguments: &Arguments,
    level: Option<i16>,
) -> Result<(), String> {
    let is_dynamic = !config.has_static_quorum();
    match level {
        Some(0) if is_dynamic => Err(format!(
            "--feature {KRAFT_VERSION}=0: this quorum is dynamic, which needs 1; leave it out, or set controller.quorum.voters"
        )),
        Some(1..) if !is_dynamic => Err(format!(
            "--feature {}: controller.quorum.voters makes this quorum a static one, which is 0; leave it out, or set controller.quorum.bootstrap.servers instead",
            arguments.feature.join(" ")
        )),
        _ => Ok(()),
    }
}

/// `ID@HOST:PORT:DIRECTORY-ID`, separated by commas.
fn parse_voters(config: &ServerConfig, text: &str) -> Result<Vec<Voter>, String> {
    let listener = config.told_controller_listener().name;
    let mut ids = BTreeSet::new();
    let voters = text.split(',').map(|text| {
        let text = text.trim();
        let voter = parse_voter(&listener, text).ok_or_else(|| {
            format!("--initial-controllers {text:?}: expected ID@HOST:PORT:DIRECTORY-ID")
        })?;
        match ids.insert(voter.key.id) {
            true => Ok(voter),
            false => Err(format!(
                "--initial-controllers: expected each node once, found {} again",
                voter.key.id
            )),
        }
    });
    voters.collect()
}

fn parse_voter(listener: &str, text: &str) -> Option<Voter> {
    let (id, address) = text.split_once('@')?;
    let (address, directory) = address.rsplit_once(':')?;
    let Address(host, port) = Address::parse(address)?;
    let id = id.parse().ok().filter(|id| *id >= 0)?;
    Some(Voter {
        key: ReplicaKey {
            id: NodeId(id),
            directory: directory.parse().ok()?,
        },
        endpoints: vec![Endpoint {
            name: listener.to_owned(),
            host: host.to_owned(),
            port,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voter_is_an_id_an_address_and_a_directory() {
        let id = "4L6g3nShT-eMCtK--X86sw";
        let voter = |text: &str| parse_voter("C", text);
        let found = voter(&format!("3@h.example:9093:{id}")).unwrap();
        assert_eq!(found.key.id, NodeId(3));
        assert_eq!(found.key.directory.to_string(), id);
        assert_eq!(
            found.endpoints,
            [Endpoint {
                name: "C".to_owned(),
                host: "h.example".to_owned(),
                port: 9093
            }]
        );
        let found = voter(&format!("0@[::1]:1:{id}")).unwrap();
        assert_eq!(found.endpoints[0].host, "::1");
        for wrong in [
            "", "3", "3@h:1", "3-h:1:x", "@h:1:x", "3@h:x:y", "-1@h:1:x", "3@h:1:x",
        ] {
            assert_eq!(voter(wrong), None, "{wrong}");
        }
    }
}
