use std::hint::black_box;
use std::io;
use std::path::Path;

type Prepare = dyn Fn(&Path) -> io::Result<Operation> + Sync;

/// A named operation and how to set it up.
pub(super) struct Case {
    pub(super) name: String,
    /// How often it is repeated to be counted.
    pub(super) iterations: u32,
    prepare: Box<Prepare>,
}

impl Case {
    pub(super) fn new(
        name: impl Into<String>,
        iterations: u32,
        prepare: impl Fn(&Path) -> io::Result<Operation> + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            iterations,
            prepare: Box::new(prepare),
        }
    }

    /// # Errors
    /// The disk's, where `directory` lies, which is for a log if one is needed.
    pub(super) fn prepare(&self, directory: &Path) -> io::Result<Operation> {
        (self.prepare)(directory)
    }
}

/// What is measured, ready to be repeated.
pub(super) struct Operation {
    /// Records, or whatever else it goes through one by one; 0 where that means nothing.
    pub(super) records: u64,
    /// Bytes that it goes through; 0 where that means nothing.
    pub(super) bytes: u64,
    repeat: Box<dyn FnMut(u32)>,
}

impl Operation {
    /// Each time `run` is given what `input` makes, which is not counted. The first time, in which what a thread keeps is made and the
    /// processor is looked at, is not counted either.
    pub(super) fn new<I: 'static>(
        records: u64,
        bytes: u64,
        mut input: impl FnMut() -> I + 'static,
        mut run: impl FnMut(I) + 'static,
    ) -> Self {
        run(black_box(input()));
        let repeat = move |times| {
            for _ in 0..times {
                counted_operation(&mut run, black_box(input()));
            }
        };
        Self {
            records,
            bytes,
            repeat: Box::new(repeat),
        }
    }

    pub(super) fn repeat(&mut self, times: u32) {
        (self.repeat)(times);
    }
}

/// Callgrind counts from the call of this function to its return, and finds it by its name.
#[inline(never)]
fn counted_operation<I>(run: &mut impl FnMut(I), input: I) {
    run(input);
}
