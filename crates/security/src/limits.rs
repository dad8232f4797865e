//! Which quota a client falls under.

use std::sync::Arc;

use ottla_metadata::{ClientQuotas, QuotaEntity};
use rustc_hash::FxHashMap;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of produce requests a second.
    Produce,
    /// Bytes of answers to fetches a second.
    Fetch,
    /// Percent of one thread's time.
    Request,
    /// Partitions created and deleted a second.
    ControllerMutation,
}

impl Kind {
    pub const ALL: [Self; 4] = [
        Self::Produce,
        Self::Fetch,
        Self::Request,
        Self::ControllerMutation,
    ];

    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Produce => "producer_byte_rate",
            Self::Fetch => "consumer_byte_rate",
            Self::Request => "request_percentage",
            Self::ControllerMutation => "controller_mutation_rate",
        }
    }
}

/// Those who share a limit: of a user, of a client id, or of both together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whose {
    pub user: Option<Arc<str>>,
    pub client_id: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    pub bound: f64,
    pub whose: Whose,
}

/// Limits by name, and of those who have none of their own.
#[derive(Clone, Debug, Default)]
struct Named {
    by_name: FxHashMap<Arc<str>, f64>,
    default: Option<f64>,
}

impl Named {
    fn set(&mut self, name: Option<&str>, bound: f64) {
        match name {
            Some(name) => {
                self.by_name.insert(Arc::from(name), bound);
            }
            None => self.default = Some(bound),
        }
    }

    fn own(&self, name: &str) -> Option<f64> {
        self.by_name.get(name).copied()
    }

    fn any(&self, name: &str) -> Option<f64> {
        self.own(name).or(self.default)
    }
}

#[derive(Clone, Debug, Default)]
struct OfKind {
    clients_by_user: FxHashMap<Arc<str>, Named>,
    clients_of_any_user: Named,
    users: Named,
    clients: Named,
    is_limited: bool,
}

/// The quotas of users and clients, in the order in which they go before each other (KIP-55).
#[derive(Clone, Debug, Default)]
pub struct ClientLimits {
    kinds: [OfKind; Kind::ALL.len()],
}

impl ClientLimits {
    /// `None` where nobody is limited in anything.
    #[must_use]
    pub fn of(quotas: &ClientQuotas) -> Option<Self> {
        let mut limits = Self::default();
        for entity in quotas.entities() {
            for (key, bound) in quotas.of(entity) {
                if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.key() == key) {
                    limits.kinds[kind as usize].set(entity, bound);
                }
            }
        }
        limits
            .kinds
            .iter()
            .any(|kind| kind.is_limited)
            .then_some(limits)
    }

    /// Whether anybody is limited in it.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        self.kinds[kind as usize].is_limited
    }

    /// The limit of this client of this user, if there is one.
    #[must_use]
    pub fn limit(&self, kind: Kind, user: &str, client_id: &str) -> Option<Limit> {
        let of = &self.kinds[kind as usize];
        if !of.is_limited {
            return None;
        }
        let both = (true, true);
        let own = of
            .clients_by_user
            .get(user)
            .and_then(|named| named.any(client_id));
        let (bound, (by_user, by_client)) = own
            .map(|bound| (bound, both))
            .or_else(|| Some((of.users.own(user)?, (true, false))))
            .or_else(|| Some((of.clients_of_any_user.any(client_id)?, both)))
            .or_else(|| Some((of.users.default?, (true, false))))
            .or_else(|| Some((of.clients.any(client_id)?, (false, true))))?;
        Some(Limit {
            bound,
            whose: Whose {
                user: by_user.then(|| Arc::from(user)),
                client_id: by_client.then(|| Arc::from(client_id)),
            },
        })
    }
}

impl OfKind {
    fn set(&mut self, entity: &QuotaEntity, bound: f64) {
        let user = entity.part(QuotaEntity::USER);
        let client = entity.part(QuotaEntity::CLIENT_ID);
        match (user, client) {
            (Some(Some(user)), Some(client)) => {
                let clients = self.clients_by_user.entry(Arc::from(user)).or_default();
                clients.set(client, bound);
            }
            (Some(None), Some(client)) => self.clients_of_any_user.set(client, bound),
            (Some(user), None) => self.users.set(user, bound),
            (None, Some(client)) => self.clients.set(client, bound),
            (None, None) => return,
        }
        self.is_limited = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_metadata::Image;
    use ottla_model::Offset;

    type Part = Option<Option<&'static str>>;

    fn limits(quotas: &[(Part, Part, f64)]) -> Option<ClientLimits> {
        let mut image = Image::default();
        for (offset, (user, client, bound)) in (0..).zip(quotas) {
            let user = user.map(|name| (QuotaEntity::USER, name));
            let client = client.map(|name| (QuotaEntity::CLIENT_ID, name));
            let entity = QuotaEntity::new(user.into_iter().chain(client));
            let record = entity.quota("producer_byte_rate", Some(*bound));
            image.apply(&record, Offset(offset)).expect("it fits");
        }
        ClientLimits::of(image.client_quotas())
    }

    #[test]
    fn the_closest_quota_counts() {
        let own = |name| Some(Some(name));
        let default = Some(None);
        // In their order: each is the first that counts when those before it are not there.
        let all = [
            (own("u"), own("c"), 1.0),
            (own("u"), default, 2.0),
            (own("u"), None, 3.0),
            (default, own("c"), 4.0),
            (default, default, 5.0),
            (default, None, 6.0),
            (None, own("c"), 7.0),
            (None, default, 8.0),
        ];
        for first in 0..all.len() {
            let limits = limits(&all[first..]).expect("there are some");
            let limit = limits.limit(Kind::Produce, "u", "c").expect("there is one");
            assert_eq!(limit.bound, (first + 1) as f64);
            assert_eq!(limit.whose.user.is_some(), first < 6);
            assert_eq!(limit.whose.client_id.is_some(), ![2, 5].contains(&first));
            assert_eq!(limits.limit(Kind::Fetch, "u", "c"), None);
        }
        assert!(limits(&[]).is_none());
    }
}
