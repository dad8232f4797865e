//! `ottla storage`: Apache's storage tool.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ottla_broker::{Format, format};
use ottla_config::ServerConfig;
use ottla_env::{Clock, Entropy};
use ottla_log::dir::LogDirectory;
use ottla_metadata::features::MetadataVersion;
use ottla_model::Uuid;
use ottla_runtime::{RealClock, RealDisk, RealEntropy};

use crate::configuration;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the directories of a configuration ready for their first start.
    Format {
        /// The node's server.properties.
        #[arg(short, long)]
        config: PathBuf,
        /// As `random-uuid` prints one; the same for all nodes of a cluster.
        #[arg(short = 't', long)]
        cluster_id: String,
        /// Leave directories that are formatted already as they are.
        #[arg(short = 'g', long)]
        ignore_formatted: bool,
        /// Begin a dynamic quorum with this node as its one voter.
        #[arg(short, long)]
        standalone: bool,
        /// The release whose features the cluster begins with.
        #[arg(short, long)]
        release_version: Option<String>,
    },
    /// Show whose the directories of a configuration are.
    Info {
        /// The node's server.properties.
        #[arg(short, long)]
        config: PathBuf,
    },
    /// Print a new id for a cluster or a directory.
    RandomUuid,
}

/// Carries out the command; what is wrong goes to stderr in a sentence.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    let outcome = match arguments.command {
        Command::RandomUuid => {
            println!("{}", RealEntropy.uuid());
            Ok(())
        }
        Command::Info { config } => load(&config).and_then(|config| info(&config)),
        Command::Format {
            config,
            cluster_id,
            ignore_formatted,
            standalone,
            release_version,
        } => load(&config).and_then(|config| {
            let metadata_version = match &release_version {
                None => MetadataVersion::LATEST,
                Some(name) => MetadataVersion::parse(name).ok_or_else(|| {
                    format!("--release-version {name}: expected a release from 3.3 to 4.3")
                })?,
            };
            cluster_id
                .parse::<Uuid>()
                .map_err(|error| format!("--cluster-id {cluster_id}: {error}"))?;
            let how = Format {
                cluster_id,
                metadata_version,
                is_standalone: standalone,
                ignores_formatted: ignore_formatted,
            };
            carry_out(&config, &how)
        }),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("ottla: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the directories of a node's first start ready, unless they are.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn format_if_new(config: &ServerConfig) -> Result<(), String> {
    let how = Format {
        cluster_id: RealEntropy.uuid().to_string(),
        metadata_version: MetadataVersion::LATEST,
        is_standalone: true,
        ignores_formatted: true,
    };
    format(
        &RealDisk,
        &RealEntropy,
        RealClock::new().wall(),
        config,
        &how,
    )
    .map_err(|error| error.to_string())
}

fn carry_out(config: &ServerConfig, how: &Format) -> Result<(), String> {
    format(
        &RealDisk,
        &RealEntropy,
        RealClock::new().wall(),
        config,
        how,
    )
    .map_err(|error| error.to_string())?;
    for path in config.directories() {
        let version = how.metadata_version.name();
        println!(
            "Formatting data directory {} with metadata.version {version}.",
            path.display()
        );
    }
    Ok(())
}

fn info(config: &ServerConfig) -> Result<(), String> {
    for path in config.directories() {
        let directory = LogDirectory::open(RealDisk, &path).map_err(|error| error.to_string())?;
        match directory
            .meta_properties()
            .map_err(|error| error.to_string())?
        {
            None => println!("{}: not formatted", path.display()),
            Some(properties) => {
                let directory_id = properties
                    .directory_id
                    .map_or_else(|| "none".to_owned(), |id| id.to_string());
                println!(
                    "{}: cluster.id={} node.id={} directory.id={directory_id}",
                    path.display(),
                    properties.cluster_id,
                    properties.node_id
                );
            }
        }
    }
    Ok(())
}

fn load(path: &Path) -> Result<ServerConfig, String> {
    configuration::read(path, &[]).map(|(config, _)| config)
}
