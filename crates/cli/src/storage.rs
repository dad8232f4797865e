//! `ottla storage`: Apache's storage tool.

mod features;
mod format;
mod info;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ottla_config::ServerConfig;
use ottla_env::Entropy;
use ottla_metadata::features::MetadataVersion;
use ottla_runtime::RealEntropy;

use crate::configuration;
pub use format::format_if_new;

#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the directories of a configuration ready for their first start.
    Format(format::Arguments),
    /// Show whose the directories of a configuration are, and what is wrong with them.
    Info {
        /// The node's server.properties.
        #[arg(short, long)]
        config: PathBuf,
    },
    /// Show the levels of all features in a release.
    VersionMapping {
        /// The release, or a level of metadata.version; the newest by default.
        #[arg(short, long)]
        release_version: Option<String>,
    },
    /// Show which levels of other features a level of a feature needs.
    FeatureDependencies {
        /// FEATURE=LEVEL; may be given several times.
        #[arg(short, long, required = true)]
        feature: Vec<String>,
    },
    /// Print a new id for a cluster or a directory.
    RandomUuid,
}

/// Carries out the command; what is wrong goes to stderr in a sentence.
#[must_use]
pub fn run(arguments: Arguments) -> ExitCode {
    let outcome = match arguments.command {
        Command::Format(arguments) => format::run(arguments),
        Command::Info { config } => match load(&config).map(|config| info::run(&config)) {
            Ok(code) => return code,
            Err(message) => Err(message),
        },
        Command::VersionMapping { release_version } => {
            features::mapping(release_version.as_deref())
        }
        Command::FeatureDependencies { feature } => features::dependencies(&feature),
        Command::RandomUuid => {
            println!("{}", RealEntropy.uuid());
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("ottla: {message}");
            ExitCode::FAILURE
        }
    }
}

fn load(path: &Path) -> Result<ServerConfig, String> {
    configuration::read(path, &[]).map(|(config, _)| config)
}

/// A release or a level of `metadata.version`, by its name.
fn release(name: &str) -> Result<MetadataVersion, String> {
    MetadataVersion::parse(name).ok_or_else(|| {
        let names: Vec<_> = MetadataVersion::names().collect();
        format!(
            "--release-version {name}: expected a release from 3.3 on, or one of {}",
            names.join(", ")
        )
    })
}

/// `FEATURE=LEVEL`.
fn level(text: &str) -> Result<(&str, i16), String> {
    text.split_once('=')
        .and_then(|(name, level)| Some((name.trim(), level.trim().parse().ok()?)))
        .ok_or_else(|| format!("--feature {text}: expected FEATURE=LEVEL, as in kraft.version=1"))
}
