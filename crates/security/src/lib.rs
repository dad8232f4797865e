//! Who a client is, what it may do and how much of it: what follows from credentials, and the arithmetic of quotas.
//!
//! Pure. Where limits are enforced, and who waits for how long, is the broker's.

mod limits;
mod meters;
mod open_connections;
mod rate;
mod scram;
mod token_bucket;

pub use limits::{ClientLimits, Kind, Limit, Whose};
pub use meters::{Meter, Meters};
pub use open_connections::{ConnectionId, OpenBounds, OpenConnections, Reached};
pub use rate::{Rate, Windows};
pub use scram::{Keys, Mechanism};
pub use token_bucket::TokenBucket;
