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
        let mut seen = 0;
        let outlined = batch
            .unpack(BOUND)
            .and_then(|unpacked| batch.outline(unpacked, |_, _| seen += 1));
        let read = batch.uncompressed(BOUND).and_then(|uncompressed| {
            assert!(uncompressed.len() <= BOUND);
            let mut read = 0;
            for record in batch.records(&uncompressed) {
                record?.headers().for_each(drop);
                read += 1;
            }
            Ok(read)
        });
        // Piece by piece or as a whole: the same records, or none that are right.
        if batch.header.record_count >= 0 {
            assert_eq!(outlined.ok().map(|()| seen), read.ok());
        }
    }
});
