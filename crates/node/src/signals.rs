use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The requests to stop: SIGTERM from a supervisor, SIGINT from a terminal, SIGHUP from one that closes.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` where it was not to reach the process.
    hang_up: Option<Signal>,
}

/// Which one came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopSignal {
    Terminate,
    Interrupt,
    HangUp,
}

impl Signals {
    /// From here on the signals no longer end the process by themselves.
    pub(crate) fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: match hang_up_is_ignored() {
                Some(false) => Some(signal(SignalKind::hangup())?),
                // `nohup` asks for that. Where nobody can say, what was there before stays: ignored, or the end.
                Some(true) | None => None,
            },
        })
    }

    pub(crate) async fn next(&mut self) -> StopSignal {
        tokio::select! {
            _ = self.terminate.recv() => StopSignal::Terminate,
            _ = self.interrupt.recv() => StopSignal::Interrupt,
            () = async {
                match &mut self.hang_up {
                    Some(signal) => _ = signal.recv().await,
                    None => std::future::pending().await,
                }
            } => StopSignal::HangUp,
        }
    }
}

/// Whether whoever started the process had it ignore SIGHUP, as `nohup` does; `None` where the system does not tell.
fn hang_up_is_ignored() -> Option<bool> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
    // The first signal is the lowest bit.
    let of_hang_up = 1 << (SignalKind::hangup().as_raw_value() - 1);
    Some(ignored & of_hang_up != 0)
}

impl StopSignal {
    /// What a shell reports of a process that the signal ended.
    pub(crate) fn exit_code(self) -> i32 {
        128 + match self {
            Self::Terminate => SignalKind::terminate().as_raw_value(),
            Self::Interrupt => SignalKind::interrupt().as_raw_value(),
            Self::HangUp => SignalKind::hangup().as_raw_value(),
        }
    }
}
