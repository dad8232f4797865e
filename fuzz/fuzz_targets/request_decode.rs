//! Whatever a client sends as a frame is a request or an error; and a request that is read and written is read again as itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_wire::Reader;
use ottla_wire::api::{SCHEMAS, TABLE};
use ottla_wire::frame::decode_request_header;

fuzz_target!(|frame: &[u8]| {
    let mut reader = Reader::new(frame);
    let Ok(header) = decode_request_header(&mut reader) else {
        return;
    };
    let body = reader.rest();
    let place = TABLE
        .iter()
        .position(|api| api.key as i16 == header.api_key)
        .expect("the header names an API that exists");
    let request = &SCHEMAS[2 * place];
    if !request.valid.contains(&header.api_version) {
        return;
    }
    if let Ok(again) = (request.recode)(body, header.api_version) {
        assert_eq!((request.recode)(&again, header.api_version), Ok(again));
    }
});
