//! Where the log goes, as the arguments say.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ottla_node::{LogFile, LogFormat, LogOutput, RotateAt};

const HOUR: Duration = Duration::from_secs(3600);

/// The log of a node.
#[derive(Args)]
pub(crate) struct LogArguments {
    /// Log to this file instead of stderr; its directory has to be there.
    #[arg(long, value_name = "FILE", global = true)]
    log_file: Option<PathBuf>,
    /// Begin a new log file before one becomes larger than so many MiB; 0 for never.
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = 100,
        requires = "log_file",
        global = true
    )]
    log_max_size: u64,
    /// Begin a new log file every so often (UTC), whatever its size.
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "never",
        requires = "log_file",
        global = true
    )]
    log_rotate: Period,
    /// How many of the log files before the present one are kept, as FILE.1, FILE.2 and so on.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 10,
        requires = "log_file",
        global = true
    )]
    log_keep: usize,
    /// How a line of the log looks.
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true)]
    log_format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Period {
    Never,
    Hourly,
    Daily,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl LogArguments {
    pub(crate) fn output(self) -> LogOutput {
        let period = match self.log_rotate {
            Period::Never => None,
            Period::Hourly => Some(HOUR),
            Period::Daily => Some(24 * HOUR),
        };
        let size = self.log_max_size.saturating_mul(1 << 20);
        let rotate_at = RotateAt {
            size: Some(size).filter(|size| *size > 0),
            period,
        };
        LogOutput {
            file: self.log_file.map(|path| LogFile {
                path,
                rotate_at,
                keep: self.log_keep,
            }),
            format: match self.log_format {
                Format::Text => LogFormat::Text,
                Format::Json => LogFormat::Json,
            },
        }
    }
}
