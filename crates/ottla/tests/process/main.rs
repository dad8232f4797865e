//! The binary as whoever runs it sees it: arguments, signals, what it prints, exit codes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a step that fails is a failed test"
)]

mod connections;
mod life;
mod listeners;
mod log;
mod refusals;
mod storage;
mod telemetry;
mod warnings;
mod welcome;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

fn ottla() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    command.env_remove("RUST_LOG");
    command
}

fn run(arguments: &[&str]) -> Output {
    ottla().args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A place with a server.properties; its relative paths begin there.
struct Place {
    directory: TempDir,
}

impl Place {
    /// A node on ports of the system's choice. `lines` come last, and so count more.
    fn with(lines: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let properties = format!(
            "process.roles=broker,controller\nnode.id=1\n\
             listeners=PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0\n\
             controller.listener.names=CONTROLLER\n\
             controller.quorum.bootstrap.servers=127.0.0.1:9093\n\
             log.dirs=data\n{lines}\n"
        );
        fs::write(directory.path().join("server.properties"), properties).unwrap();
        Self { directory }
    }

    fn formatted(lines: &str) -> Self {
        let place = Self::with(lines);
        place.format();
        place
    }

    fn format(&self) {
        let id = run(&["storage", "random-uuid"]);
        let output = self.run(&[
            "storage",
            "format",
            "--standalone",
            "--cluster-id",
            stdout(&id).trim(),
            "--config",
            "server.properties",
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ottla();
        command.args(arguments).current_dir(self.directory.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the node and returns once it serves.
    fn start(&self) -> Node {
        Node::start(self.command(&["server", "server.properties"]))
    }

    /// What a start in vain says: one line, and the exit code of a failure.
    #[track_caller]
    fn refusal(&self, overrides: &[&str]) -> String {
        let mut command = self.command(&["server", "server.properties"]);
        for text in overrides {
            command.args(["--override", text]);
        }
        refusal(&command.output().unwrap())
    }
}

/// What a command in vain says: one line, and the exit code of a failure.
#[track_caller]
fn refusal(output: &Output) -> String {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(stdout(output), "", "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    let told = said.trim_end().strip_prefix("ottla: ");
    told.unwrap_or_else(|| panic!("no sentence of ours: {said}"))
        .to_owned()
}

/// A node that serves. It does not outlive its test.
struct Node {
    process: Child,
    /// What it printed when it served.
    welcome: String,
    /// Kept open: a node may print when it likes.
    _stdout: BufReader<ChildStdout>,
}

impl Node {
    #[track_caller]
    fn start(mut command: Command) -> Self {
        let mut process = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut welcome = String::new();
        while !welcome.contains("\ntry ") {
            if stdout.read_line(&mut welcome).unwrap() == 0 {
                let output = process.wait_with_output().unwrap();
                panic!("it ended: {}", stderr(&output));
            }
        }
        Self {
            process,
            welcome,
            _stdout: stdout,
        }
    }

    /// A line of what it printed, by its first word.
    #[track_caller]
    fn told(&self, what: &str) -> &str {
        let mut lines = self.welcome.lines();
        let line = lines.find_map(|line| line.strip_prefix(what));
        line.unwrap_or_else(|| panic!("no {what} in {}", self.welcome))
            .trim()
    }

    /// The port that a listener is bound to.
    #[track_caller]
    fn port(&self, listener: &str) -> u16 {
        let mut listeners = self.told("listener").split(", ");
        let listener = listeners.find(|text| text.starts_with(&format!("{listener}://")));
        let (_, port) = listener.unwrap().rsplit_once(':').unwrap();
        port.parse().unwrap()
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.process.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Ends it with SIGTERM; its exit code and what it wrote to stderr.
    fn stop(mut self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Its exit code and what it wrote to stderr.
    fn ended(&mut self) -> (Option<i32>, String) {
        let code = self.process.wait().unwrap().code();
        let mut log = String::new();
        let mut stderr = self.process.stderr.take().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        (code, log)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
