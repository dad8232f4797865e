//! What clients push of their metrics (KIP-714).

use super::ServerConfig;

impl ServerConfig {
    /// Whether clients are told that they can push their metrics, and what they push goes to the log.
    #[must_use]
    pub fn exports_client_metrics(&self) -> bool {
        self.boolean("client.telemetry.export")
    }

    /// The most metrics that a client may push at once, packed and unpacked. Bytes.
    #[must_use]
    pub fn telemetry_max_bytes(&self) -> i32 {
        i32::try_from(self.number("telemetry.max.bytes")).expect("the key is of 32 bits")
    }
}
