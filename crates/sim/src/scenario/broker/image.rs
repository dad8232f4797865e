//! The image that the metadata log makes when it is read from its beginning.

use ottla_metadata::{Image, TransactionBuffer};
use ottla_model::Offset;
use ottla_wire::metadata_record::{MetadataRecord, NoOpRecord};
use ottla_wire::records::Batches;

/// Of a snapshot, with the last offset that it contains, and of the batches behind it.
pub(super) fn replay<'a>(
    snapshot: Option<(Offset, &[u8])>,
    batches: impl Iterator<Item = &'a [u8]>,
) -> Result<Image, String> {
    let mut image = Image::default();
    if let Some((last, bytes)) = snapshot {
        let mut records = Vec::new();
        metadata_records(bytes, |_, record| {
            records.push(record.into_owned());
            Ok(())
        })?;
        image = Image::restore(records, last).map_err(|error| error.to_string())?;
    }
    let mut transaction = TransactionBuffer::default();
    for bytes in batches {
        metadata_records(bytes, |offset, record| {
            let taken = transaction.take(&mut image, &record, offset);
            taken.map_err(|error| error.to_string())
        })?;
    }
    Ok(image)
}

/// The quorum's own records are left out.
fn metadata_records(
    bytes: &[u8],
    mut give: impl FnMut(Offset, MetadataRecord<'_>) -> Result<(), String>,
) -> Result<(), String> {
    for batch in Batches::new(bytes) {
        let batch = batch.map_err(|error| error.to_string())?;
        if batch.header.attributes.is_control() {
            continue;
        }
        let bytes = batch.uncompressed(usize::MAX);
        let bytes = bytes.map_err(|error| error.to_string())?;
        for record in batch.records(&bytes) {
            let record = record.map_err(|error| error.to_string())?;
            let value = record.value.unwrap_or_default();
            let decoded = MetadataRecord::decode(value).map_err(|error| error.to_string())?;
            give(record.offset, decoded)?;
        }
    }
    Ok(())
}

/// Whether both are the same but for the offset: that of a snapshot counts records of the quorum, which change no image.
pub(super) fn is_same(one: &Image, other: &Image) -> bool {
    let nothing = NoOpRecord::default().into();
    let offset = one.offset().max(other.offset()).next();
    let [one, other] = [one, other].map(|image| {
        let mut image = image.clone();
        let applied = image.apply(&nothing, offset);
        applied.map(|()| image).ok()
    });
    one.is_some() && one == other
}
