//! Whatever the records of the metadata log and its snapshots say makes an image or an error, and an image's own records make it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_metadata::{Image, TransactionBuffer};
use ottla_model::Offset;
use ottla_wire::control_record::ControlRecord;
use ottla_wire::metadata_record::MetadataRecord;
use ottla_wire::records::Batches;

const BOUND: usize = 1 << 20;

fuzz_target!(|log: &[u8]| {
    let mut image = Image::default();
    let mut transaction = TransactionBuffer::default();
    let mut next = Offset::ZERO;
    for batch in Batches::new(log).map_while(Result::ok) {
        let Ok(bytes) = batch.uncompressed(BOUND) else {
            break;
        };
        for record in batch.records(&bytes).map_while(Result::ok) {
            let value = record.value.unwrap_or_default();
            if batch.header.attributes.is_control() {
                let _ = ControlRecord::decode(record.key.unwrap_or_default(), value);
                continue;
            }
            let Ok(record) = MetadataRecord::decode(value) else {
                continue;
            };
            // One that does not fit ends a node; here the others have their turn.
            let _ = transaction.take(&mut image, &record, next);
            next = next.next();
        }
    }
    let records = image.records();
    let again = Image::restore(records, image.offset()).expect("an image's records fit");
    assert_eq!(again, image);
});
