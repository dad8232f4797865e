//! What of the node follows the metadata: the publisher changes it, and whoever answers requests looks at it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ottla_config::Settings;
use ottla_env::Env;
use ottla_metadata::Image;

use crate::client_quotas::ClientQuotas;
use crate::groups::GroupCoordinators;
use crate::log_dirs::LogDirs;
use crate::moves::Moves;
use crate::net::ConnectionLimits;
use crate::partitions::Partitions;
use crate::telemetry::Telemetry;

/// Its parts are shared.
pub(crate) struct Published<E: Env> {
    /// As far as the rest follows it.
    pub(crate) image: Arc<ArcSwap<Image>>,
    pub(crate) partitions: Arc<Partitions<E>>,
    pub(crate) groups: Arc<GroupCoordinators<E>>,
    /// What is on its way from one directory to another.
    pub(crate) moves: Arc<Moves<E::Disk>>,
    pub(crate) log_dirs: Arc<LogDirs>,
    pub(crate) client_quotas: Arc<ClientQuotas>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) connection_limits: Arc<ConnectionLimits>,
    /// The settings whose listeners the node is to have: it may not have had an address.
    pub(crate) listener_settings: Arc<ArcSwap<Settings>>,
}

impl<E: Env> Clone for Published<E> {
    fn clone(&self) -> Self {
        Self {
            image: Arc::clone(&self.image),
            partitions: Arc::clone(&self.partitions),
            groups: Arc::clone(&self.groups),
            moves: Arc::clone(&self.moves),
            log_dirs: Arc::clone(&self.log_dirs),
            client_quotas: Arc::clone(&self.client_quotas),
            telemetry: Arc::clone(&self.telemetry),
            connection_limits: Arc::clone(&self.connection_limits),
            listener_settings: Arc::clone(&self.listener_settings),
        }
    }
}
