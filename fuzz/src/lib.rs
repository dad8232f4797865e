//! What the targets share: directories written as one row of bytes, and checksums that no fuzzer guesses.

pub mod checksums;
pub mod files;
