//! Whatever a producer sends as records is a row of batches or an error, and unpacking it stays within its bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_wire::records::Batches;

const BOUND: usize = 1 << 20;

fuzz_target!(|records: &[u8]| {
    for batch in Batches::new(records) {
        let Ok(batch) = batch else { return };
        assert_eq!(batch.bytes.len(), batch.header.size);
        // The checksum is not asked for: no fuzzer guesses it, and what lies behind it must hold without it.
        let _ = batch.check();
        let Ok(uncompressed) = batch.uncompressed(BOUND) else {
            continue;
        };
        assert!(uncompressed.len() <= BOUND);
        for record in batch.records(&uncompressed) {
            let Ok(record) = record else { break };
            record.headers().for_each(drop);
        }
    }
});
