//! The rounds: every case on both brokers, in turn, and the bare loops beside them.

use super::CompareError;
use super::bare_loop::BareLoop;
use super::cases::{Case, Work};
use super::echo::Echo;
use super::life;
use super::load::{self, Target};
use super::product::Product;
use super::progress::Progress;
use super::results::{Failure, Figure, Measurement, Recorder, Subject};
use super::session::Session;
use super::site::Site;
use crate::room::check_room;
use crate::size::{GIB, Size};

/// What is left of the disk for others, and for what the brokers write about themselves.
const SPARE: u64 = 2 * GIB;

/// What is run how often.
pub(super) struct Rounds<'a> {
    pub(super) site: &'a Site,
    pub(super) products: [&'a dyn Product; 2],
    pub(super) cases: Vec<&'static Case>,
    pub(super) rounds: u64,
    /// Rounds of the cases that restart nodes.
    pub(super) restart_rounds: u64,
    /// How long loads are measured, in place of what their cases say.
    pub(super) seconds: Option<u16>,
    /// Bytes that go through a node of Apache Kafka before anything is measured.
    pub(super) peer_warm_up: Size,
    pub(super) recorder: Recorder,
    pub(super) progress: Progress,
}

/// Nothing needs to be compiled while it runs: only files and memory are met for the first time.
const OTTLA_WARM_UP_SHARE: u64 = 8;

impl<'a> Rounds<'a> {
    pub(super) fn run(&mut self) -> Result<(), CompareError> {
        self.progress.begin(self.steps());
        let before = self.recorder.results.last_round();
        for number in 0..self.rounds.max(self.restart_rounds) {
            let round = before + number + 1;
            let mut products = self.products;
            // Neither always comes first.
            if number % 2 == 1 {
                products.reverse();
            }
            if number < self.rounds {
                self.loops(round)?;
                for product in products {
                    self.loads(product, round)?;
                }
                self.echoes(round)?;
            }
            for product in products {
                self.lives(product, round, number)?;
            }
            if number == 0 {
                self.floods(round)?;
            }
        }
        self.progress.end();
        Ok(())
    }

    fn select(&self, wanted: impl Fn(&Work) -> bool) -> Vec<&'static Case> {
        let cases = self.cases.iter().copied();
        cases.filter(|case| wanted(&case.work)).collect()
    }

    /// How many times something is measured in all.
    fn steps(&self) -> u64 {
        let steps = self.cases.iter().map(|case| match case.work {
            Work::Loop(_) => self.rounds,
            Work::Produce(load) if load.echo => 3 * self.rounds,
            Work::Produce(_)
            | Work::Consume(_)
            | Work::Members(_)
            | Work::Start
            | Work::Idle { .. } => 2 * self.rounds,
            Work::Restart { .. } => 2 * self.restart_rounds,
            Work::Flood(_) => 1,
        });
        steps.sum()
    }

    fn loops(&mut self, round: u64) -> Result<(), CompareError> {
        for case in self.select(|work| matches!(work, Work::Loop(_))) {
            let Work::Loop(bare_loop) = case.work else {
                continue;
            };
            self.measure(case, Subject::Loop, round, |rounds| {
                let words = bare_loop.words(rounds.site.directory());
                let line = load::run(rounds.site, &words, 0)?;
                Ok(BareLoop::figures(&line))
            })?;
        }
        Ok(())
    }

    fn loads(&mut self, product: &'a dyn Product, round: u64) -> Result<(), CompareError> {
        let cases = self.select(|work| matches!(work, Work::Produce(_) | Work::Consume(_)));
        if cases.is_empty() {
            return Ok(());
        }
        self.check_room(&cases)?;
        let session = match self.warm_session(product, &cases) {
            Ok(session) => session,
            Err(error) => {
                // Another round may do better.
                let what = error.to_string();
                return cases
                    .into_iter()
                    .try_for_each(|case| self.failed(case, product.subject(), round, &what));
            }
        };
        for case in cases {
            self.measure(case, product.subject(), round, |rounds| {
                rounds.check_room(&[case])?;
                let mut figures = session.run(case)?;
                figures.extend(rounds.consumed(case, product.subject(), round, &figures));
                Ok(figures)
            })?;
        }
        session.stop()
    }

    fn warm_session(
        &self,
        product: &'a dyn Product,
        cases: &[&Case],
    ) -> Result<Session<'a>, CompareError> {
        let name = product.subject().title();
        self.progress.say(&format!("{name}: starting, warming up"));
        let session = Session::start(self.site, product, self.seconds)?;
        let bytes = match product.subject() {
            Subject::Kafka => self.peer_warm_up,
            _ => Size((self.peer_warm_up.0 / OTTLA_WARM_UP_SHARE).max(1)),
        };
        session.warm_up(bytes, cases.iter().any(|case| case.needs_librdkafka()))?;
        Ok(session)
    }

    /// What consumers cost beside a producer, if that is what the case is about and the producer was measured alone.
    fn consumed(
        &self,
        case: &Case,
        subject: Subject,
        round: u64,
        figures: &[(Figure, f64)],
    ) -> Option<(Figure, f64)> {
        let Work::Produce(load) = case.work else {
            return None;
        };
        let results = &self.recorder.results;
        let baseline = results.value(load.baseline?, subject, Figure::CpuPerGib, round)?;
        let value = load::cpu_per_gib_consumed(figures, baseline)?;
        Some((Figure::CpuPerGibConsumed, value))
    }

    fn echoes(&mut self, round: u64) -> Result<(), CompareError> {
        let cases = self.select(|work| matches!(work, Work::Produce(load) if load.echo));
        for case in cases {
            let Work::Produce(load) = case.work else {
                continue;
            };
            self.measure(case, Subject::Echo, round, |rounds| {
                let echo = Echo::start(rounds.site, load.partitions)?;
                let words = load.words(&Target {
                    bootstrap: echo.bootstrap().to_owned(),
                    topic: case.name.to_owned(),
                    server: None,
                    seconds: rounds.seconds,
                });
                // The topic of a server that keeps nothing is not there to be deleted.
                let words: Vec<_> = words
                    .into_iter()
                    .filter(|word| word != "--delete")
                    .collect();
                let line = load::run(rounds.site, &words, load.seconds)?;
                Ok(load::figures(&line))
            })?;
        }
        Ok(())
    }

    /// `number` is that of the round in this run.
    fn lives(
        &mut self,
        product: &dyn Product,
        round: u64,
        number: u64,
    ) -> Result<(), CompareError> {
        let (rounds, restart_rounds) = (self.rounds, self.restart_rounds);
        let cases = self.select(|work| match work {
            Work::Members(_) | Work::Start | Work::Idle { .. } => number < rounds,
            Work::Restart { .. } => number < restart_rounds,
            _ => false,
        });
        for case in cases {
            self.check_room(&[case])?;
            self.measure(case, product.subject(), round, |rounds| match case.work {
                Work::Restart { partitions } => life::restart(rounds.site, product, partitions),
                Work::Members(load) => load.run(rounds.site, product),
                Work::Idle { connections } => life::idle(rounds.site, product, connections),
                _ => life::start(rounds.site, product),
            })?;
        }
        Ok(())
    }

    fn floods(&mut self, round: u64) -> Result<(), CompareError> {
        for case in self.select(|work| matches!(work, Work::Flood(_))) {
            self.check_room(&[case])?;
            let product = self.products[0];
            self.measure(case, product.subject(), round, |rounds| {
                let session = Session::start(rounds.site, product, rounds.seconds)?;
                let figures = session.run(case)?;
                session.stop()?;
                Ok(figures)
            })?;
        }
        Ok(())
    }

    /// Writes down what `work` measures, or that it failed, which others may not: the run goes on.
    fn measure(
        &mut self,
        case: &Case,
        subject: Subject,
        round: u64,
        work: impl FnOnce(&Self) -> Result<Vec<(Figure, f64)>, CompareError>,
    ) -> Result<(), CompareError> {
        self.progress.step(round, case, subject);
        match work(self) {
            Ok(figures) => {
                self.progress.measured(round, case, subject, &figures);
                for (figure, value) in figures {
                    self.recorder.measured(Measurement {
                        case: case.name.to_owned(),
                        subject,
                        round,
                        figure,
                        value,
                    })?;
                }
                Ok(())
            }
            Err(error) => self.failed(case, subject, round, &error.to_string()),
        }
    }

    fn failed(
        &mut self,
        case: &Case,
        subject: Subject,
        round: u64,
        what: &str,
    ) -> Result<(), CompareError> {
        self.progress.failed(round, case, subject, what);
        self.recorder.failed(Failure {
            case: case.name.to_owned(),
            subject,
            round,
            what: what.to_owned(),
        })
    }

    fn check_room(&self, cases: &[&Case]) -> Result<(), CompareError> {
        let most = cases
            .iter()
            .map(|case| case.disk_bytes())
            .max()
            .unwrap_or(0);
        check_room(self.site.directory(), Size(most + SPARE))
            .map_err(CompareError::io(|| "no room for the comparison".to_owned()))
    }
}
