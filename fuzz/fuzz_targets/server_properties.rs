//! Whatever a `server.properties` holds is a configuration or a sentence about what is wrong, and a configuration has every value that is
//! asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_config::{Adjustable, ServerConfig};

fuzz_target!(|file: &[u8]| {
    let text = String::from_utf8_lossy(file);
    let (config, _) = match ServerConfig::load("server.properties", &text, &[]) {
        Ok(loaded) => loaded,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let _ = (
        config.node_id(),
        config.listeners(),
        config.advertised_listeners(),
    );
    let _ = (
        config.told_controller_listener(),
        config.has_static_quorum(),
    );
    let _ = (
        config.log_dirs(),
        config.metadata_log_dir(),
        config.directories(),
    );
    let _ = config.static_voter();
    let _ = (
        config.quorum_election_timeout(),
        config.quorum_fetch_timeout(),
    );
    let _ = (
        config.quorum_fetch_max_bytes(),
        config.quorum_fetch_snapshot_max_bytes(),
    );
    let _ = (
        config.metadata_segment_bytes(),
        config.metadata_segment_age(),
    );
    let _ = (config.snapshot_bytes(), config.snapshot_interval());
    let _ = (
        config.metadata_retention_bytes(),
        config.metadata_retention_age(),
    );
    let _ = (
        config.rack(),
        config.recovery_threads(),
        config.max_request_bytes(),
    );
    let _ = (
        config.send_buffer_bytes(),
        config.max_idle(),
        config.retention_check_interval(),
    );
    let _ = (config.auto_creates_topics(), config.deletes_topics());
    let _ = (
        config.default_partitions(),
        config.default_replication_factor(),
    );
    let _ = (config.fetch_max_bytes(), config.fetch_session_slots());
    let _ = (
        config.max_request_partitions(),
        config.offsets_topic(),
        config.groups(),
    );
    let _ = (config.serves_consumer_groups(), config.consumer_groups());
    let _ = Adjustable::of(config.settings());
});
