use std::collections::BTreeSet;
use std::net::SocketAddr;

use crc_fast::crc32_iscsi;
use ottla_config::client_metrics::{
    ALL_METRICS, ClientAttribute, ClientMetricsConfig, default_interval_ms,
};
use ottla_model::Uuid;

/// Who asks or pushes.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// Drawn by a broker when the client first asks, and its own from then on, wherever it goes.
    pub instance_id: Uuid,
    pub client_id: Option<&'a str>,
    pub software_name: &'a str,
    pub software_version: &'a str,
    /// The other end of its connection. Another open one has the same only if it goes to another of the broker's listeners.
    pub connection: SocketAddr,
    /// The address of that end as Java writes it.
    pub source_address: &'a str,
}

impl Client<'_> {
    fn is_chosen_by(&self, subscription: &ClientMetricsConfig) -> bool {
        let mut selectors = subscription.selectors.iter();
        selectors.all(|(attribute, pattern)| match attribute {
            ClientAttribute::InstanceId => pattern.is_match(&self.instance_id.to_string()),
            ClientAttribute::Id => self.client_id.is_some_and(|id| pattern.is_match(id)),
            ClientAttribute::SoftwareName => pattern.is_match(self.software_name),
            ClientAttribute::SoftwareVersion => pattern.is_match(self.software_version),
            ClientAttribute::SourceAddress => pattern.is_match(self.source_address),
            ClientAttribute::SourcePort => pattern.is_match(&self.connection.port().to_string()),
        })
    }
}

/// What a client is asked to push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Another one whenever anything else of this is another.
    pub subscription_id: i32,
    /// Prefixes of names, `*` alone for all; none for no metric.
    pub metrics: Vec<String>,
    pub interval_ms: i32,
}

impl Asked {
    /// What all subscriptions that choose the client come to: what any of them asks for, as often as the most eager.
    pub(crate) fn of(subscriptions: &[ClientMetricsConfig], client: &Client<'_>) -> Self {
        let mut metrics = BTreeSet::new();
        let mut interval_ms = default_interval_ms();
        let chosen = subscriptions.iter();
        for subscription in chosen.filter(|subscription| client.is_chosen_by(subscription)) {
            metrics.extend(subscription.metrics.iter().map(String::as_str));
            interval_ms = interval_ms.min(subscription.interval_ms);
        }
        if metrics.contains(ALL_METRICS) {
            metrics = BTreeSet::from([ALL_METRICS]);
        }
        let metrics: Vec<String> = metrics.into_iter().map(str::to_owned).collect();
        Self {
            subscription_id: subscription_id(&metrics, interval_ms, client.instance_id),
            metrics,
            interval_ms,
        }
    }
}

/// As Kafka's brokers compute it, but for the order of several metrics, in which those differ among themselves.
fn subscription_id(metrics: &[String], interval_ms: i32, instance_id: Uuid) -> i32 {
    let text = format!("[{}]{interval_ms}", metrics.join(", "));
    crc32_iscsi(text.as_bytes()).cast_signed() ^ hash(instance_id)
}

/// Java's of a UUID.
fn hash(id: Uuid) -> i32 {
    let bits = id.as_u128();
    let folded = (bits >> 64) as u64 ^ bits as u64;
    ((folded >> 32) as u32 ^ folded as u32).cast_signed()
}

#[cfg(test)]
mod tests {
    use ottla_config::Settings;

    use super::*;

    const CLIENT: Client<'_> = Client {
        instance_id: Uuid::from_u128(1),
        client_id: Some("orders"),
        software_name: "apache-kafka-java",
        software_version: "4.3.1",
        connection: SocketAddr::new(
            std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7)),
            40_000,
        ),
        source_address: "10.0.0.7",
    };

    fn subscription(metrics: &str, interval: &str, selectors: &str) -> ClientMetricsConfig {
        let configs = [
            ("metrics", metrics),
            ("interval.ms", interval),
            ("match", selectors),
        ];
        let own = Settings::of_client_metrics(configs.into_iter());
        ClientMetricsConfig::new(&own).unwrap()
    }

    #[test]
    fn whom_nobody_asks_is_told_of_no_metric() {
        let others = [subscription("a.", "100", "client_id=order")];
        for subscriptions in [&[][..], &others] {
            let asked = Asked::of(subscriptions, &CLIENT);
            assert!(asked.metrics.is_empty() && asked.interval_ms == 300_000);
        }
    }

    #[test]
    fn several_subscriptions_come_to_all_their_metrics_and_the_shortest_interval() {
        let first = subscription("b.,a.", "2000", "");
        let second = subscription("c.,a.", "1000", "client_source_port=4.*");
        let asked = Asked::of(&[first.clone(), second], &CLIENT);
        assert_eq!(asked.metrics, ["a.", "b.", "c."]);
        assert_eq!(asked.interval_ms, 1000);
        let asked = Asked::of(&[first, subscription("*", "5000", "")], &CLIENT);
        assert_eq!(asked.metrics, ["*"]);
        assert_eq!(asked.interval_ms, 2000);
        // Kafka's brokers do not ask more rarely than by default.
        let asked = Asked::of(&[subscription("a.", "3600000", "")], &CLIENT);
        assert_eq!(asked.interval_ms, 300_000);
    }

    #[test]
    fn a_client_is_chosen_by_all_selectors_together() {
        for (selectors, is_chosen) in [
            ("client_id=ord.*", true),
            ("client_id=ord.*,client_software_version=4\\.2.*", false),
            (
                "client_software_name=apache-kafka-java,client_software_version=4\\..*",
                true,
            ),
            ("client_source_address=10\\.0\\.0\\.\\d+", true),
            ("client_source_address=10\\.0", false),
            ("client_source_port=40000", true),
            ("client_instance_id=AAAAAAAAAAAAAAAAAAAAAQ", true),
            ("client_instance_id=B.*", false),
        ] {
            let asked = Asked::of(&[subscription("a.", "1000", selectors)], &CLIENT);
            assert_eq!(!asked.metrics.is_empty(), is_chosen, "{selectors}");
        }
        let nameless = Client {
            client_id: None,
            ..CLIENT
        };
        let any_name = [subscription("a.", "1000", "client_id=.*")];
        assert!(Asked::of(&any_name, &nameless).metrics.is_empty());
    }

    #[test]
    fn subscription_ids_are_those_of_kafkas_brokers() {
        // As Apache Kafka 4.3.1 told them.
        let id = |metrics: &[&str], interval_ms, instance: &str| {
            let metrics: Vec<_> = metrics.iter().map(|metric| (*metric).to_owned()).collect();
            subscription_id(&metrics, interval_ms, instance.parse().unwrap())
        };
        assert_eq!(id(&[], 300_000, "AAAAAAAAAAAAAAAAAAAAAQ"), -725_132_321);
        assert_eq!(id(&[], 300_000, "MkU3OEVBNTcwNTJENDM2Qg"), -1_480_237_609);
        assert_eq!(id(&["*"], 1000, "CkU3OEVBNTcwNTJENDM2Qg"), 2_039_067_824);
        assert_eq!(id(&["a."], 1000, "DkU3OEVBNTcwNTJENDM2Qg"), -1_068_972_083);
    }
}
