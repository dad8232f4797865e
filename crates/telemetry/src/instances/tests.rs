use std::net::{IpAddr, Ipv4Addr};

use ottla_config::Settings;
use proptest::prelude::*;

use super::*;

/// What each client is asked to keep between its pushes.
const INTERVAL: u64 = 1000;
const MAX_BYTES: usize = 100;

fn subscription(metrics: &str) -> ClientMetricsConfig {
    let interval = INTERVAL.to_string();
    let configs = [("metrics", metrics), ("interval.ms", &interval)];
    let own = Settings::of_client_metrics(configs.into_iter());
    ClientMetricsConfig::new(&own).unwrap()
}

fn instances() -> Instances {
    let mut instances = Instances::new(MAX_BYTES);
    instances.subscribe(vec![subscription("a.")]);
    instances
}

fn client(id: u128, port: u16) -> Client<'static> {
    Client {
        instance_id: Uuid::from_u128(id),
        client_id: Some("a"),
        software_name: "a",
        software_version: "1",
        connection: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        source_address: "127.0.0.1",
    }
}

fn at(ms: u64) -> Monotonic {
    Monotonic(Duration::from_millis(ms))
}

fn push(subscription_id: i32) -> Push {
    Push {
        subscription_id,
        is_terminating: false,
        compression_code: 0,
        bytes: 10,
    }
}

const THROTTLED: Result<Compression, ErrorCode> = Err(ErrorCode::ThrottlingQuotaExceeded);
const TAKEN: Result<Compression, ErrorCode> = Ok(Compression::None);

#[test]
fn a_client_that_comes_sooner_than_its_interval_is_throttled() {
    let (mut instances, client) = (instances(), client(7, 1));
    let asked = instances.ask(&client, at(0)).unwrap();
    assert_eq!((asked.interval_ms, &*asked.metrics[0]), (1000, "a."));
    let push = push(asked.subscription_id);
    let too_early = Err(ErrorCode::ThrottlingQuotaExceeded);
    assert_eq!(instances.ask(&client, at(999)), too_early);
    // The first one after asking comes when it likes.
    assert_eq!(instances.push(&client, &push, at(100)), TAKEN);
    assert_eq!(instances.push(&client, &push, at(1099)), THROTTLED);
    assert_eq!(instances.push(&client, &push, at(1100)), TAKEN);
    assert_eq!(instances.ask(&client, at(2099)), too_early);
    assert_eq!(instances.ask(&client, at(2100)), Ok(asked));
    assert_eq!(instances.push(&client, &push, at(2101)), TAKEN);
}

#[test]
fn a_client_of_another_broker_may_push_without_having_asked_this_one() {
    let (mut instances, client) = (instances(), client(7, 1));
    let id = Asked::of(&instances.subscriptions, &client).subscription_id;
    assert_eq!(instances.push(&client, &push(id), at(0)), TAKEN);
    assert_eq!(instances.push(&client, &push(id), at(1)), THROTTLED);
}

#[test]
fn a_last_push_comes_when_it_likes_and_is_the_last_one() {
    let (mut instances, client) = (instances(), client(7, 1));
    let id = instances.ask(&client, at(0)).unwrap().subscription_id;
    let last = Push {
        is_terminating: true,
        ..push(id)
    };
    assert_eq!(instances.push(&client, &push(id), at(0)), TAKEN);
    assert_eq!(instances.push(&client, &last, at(1)), TAKEN);
    let refused = Err(ErrorCode::InvalidRequest);
    assert_eq!(instances.push(&client, &last, at(5000)), refused);
    assert_eq!(instances.push(&client, &push(id), at(9000)), refused);
}

#[test]
fn who_pushes_what_it_is_not_asked_for_may_ask_at_once() {
    let (mut instances, client) = (instances(), client(7, 1));
    let asked = instances.ask(&client, at(0)).unwrap();
    let other = push(asked.subscription_id ^ 1);
    let unknown = Err(ErrorCode::UnknownSubscriptionId);
    assert_eq!(instances.push(&client, &other, at(1)), unknown);
    assert_eq!(instances.ask(&client, at(2)), Ok(asked.clone()));
    // Once.
    assert!(instances.ask(&client, at(3)).is_err());
    let no_codec = Push {
        compression_code: 5,
        ..push(asked.subscription_id)
    };
    let unsupported = Err(ErrorCode::UnsupportedCompressionType);
    assert_eq!(instances.push(&client, &no_codec, at(1001)), unsupported);
    assert_eq!(instances.ask(&client, at(1002)), Ok(asked));
}

#[test]
fn a_push_has_an_instance_and_a_bounded_size() {
    let mut instances = instances();
    for id in [0, 1] {
        let refused = instances.push(&client(id, 1), &push(0), at(0));
        assert_eq!(refused, Err(ErrorCode::InvalidRequest));
    }
    let client = client(7, 1);
    let id = instances.ask(&client, at(0)).unwrap().subscription_id;
    let sized = |bytes, compression_code| Push {
        bytes,
        compression_code,
        ..push(id)
    };
    let too_large = Err(ErrorCode::TelemetryTooLarge);
    let largest = sized(MAX_BYTES, 4);
    let beyond = sized(MAX_BYTES + 1, 4);
    assert_eq!(instances.push(&client, &beyond, at(1)), too_large);
    assert_eq!(
        instances.push(&client, &largest, at(1001)),
        Ok(Compression::Zstd)
    );
    let negative = sized(1, -1);
    assert!(instances.push(&client, &negative, at(9001)).is_err());
}

#[test]
fn when_subscriptions_change_a_client_hears_of_it_with_its_next_push() {
    let (mut instances, client) = (instances(), client(7, 1));
    let asked = instances.ask(&client, at(0)).unwrap();
    instances.subscribe(vec![subscription("b.")]);
    let unknown = Err(ErrorCode::UnknownSubscriptionId);
    let old = push(asked.subscription_id);
    assert_eq!(instances.push(&client, &old, at(1)), unknown);
    let asked = instances.ask(&client, at(2)).unwrap();
    assert_eq!(asked.metrics, ["b."]);
    let new = push(asked.subscription_id);
    assert_eq!(instances.push(&client, &new, at(1001)), TAKEN);
}

#[test]
fn a_client_is_forgotten_with_its_connection_or_in_time() {
    let mut instances = instances();
    instances.ask(&client(7, 1), at(0)).unwrap();
    instances.disconnected(client(7, 2).connection);
    assert!(instances.ask(&client(7, 2), at(1)).is_err());
    instances.disconnected(client(7, 1).connection);
    assert!(instances.by_id.is_empty());
    instances.ask(&client(7, 2), at(2)).unwrap();
    let last = Push {
        is_terminating: true,
        ..push(0)
    };
    // It was to be kept for a minute, and still is.
    assert!(instances.push(&client(7, 2), &last, at(60_001)).is_err());
    assert_eq!(instances.by_id.len(), 1);
    assert!(instances.ask(&client(8, 3), at(120_001)).is_ok());
    assert_eq!(instances.by_id.len(), 1);
}

#[test]
fn connections_from_one_port_to_two_listeners_forget_no_more_than_one_client_each() {
    let mut instances = instances();
    for id in [7, 8] {
        instances.ask(&client(id, 1), at(0)).unwrap();
    }
    // Whichever of the two it is, the one that was made known last is forgotten, and known again when it comes.
    instances.disconnected(client(7, 1).connection);
    assert!(instances.ask(&client(7, 1), at(1)).is_err());
    assert!(instances.ask(&client(8, 1), at(1)).is_ok());
    instances.disconnected(client(8, 1).connection);
    instances.disconnected(client(7, 1).connection);
    assert!(instances.ask(&client(7, 1), at(2)).is_err());
    assert!(instances.ask(&client(8, 1), at(2)).is_ok());
}

#[test]
fn the_client_that_was_silent_for_longest_makes_room() {
    let mut instances = instances();
    let most = MOST as u128;
    for id in 0..most {
        instances.ask(&client(id + 2, 1), at(0)).unwrap();
    }
    // The first one is heard of again, though in vain.
    assert!(instances.ask(&client(2, 1), at(1)).is_err());
    instances.ask(&client(most + 2, 1), at(2)).unwrap();
    assert_eq!(instances.by_id.len(), MOST);
    let knows = |id| instances.by_id.contains_key(&Uuid::from_u128(id));
    assert!(knows(2) && !knows(3) && knows(4) && knows(most + 2));
}

proptest! {
    #[test]
    fn whatever_clients_do_each_is_known_once(
        steps in proptest::collection::vec((0u8..4, 2u128..8, 0u16..4, 0u64..40_000, any::<bool>()), 0..100),
    ) {
        let mut instances = instances();
        let mut now = 0;
        for (step, id, port, pause, is_terminating) in steps {
            now += pause;
            let client = client(id, port);
            let push = Push { is_terminating, ..push(Asked::of(&instances.subscriptions, &client).subscription_id) };
            match step {
                0 => drop(instances.ask(&client, at(now))),
                1 => drop(instances.push(&client, &push, at(now))),
                2 => instances.disconnected(client.connection),
                _ => instances.subscribe(vec![subscription("b.")]),
            }
            prop_assert_eq!(instances.by_id.len(), instances.by_use.len());
            for (used, id) in &instances.by_use {
                prop_assert_eq!(instances.by_id[id].used, *used);
            }
            for (connection, id) in &instances.by_connection {
                prop_assert_eq!(instances.by_id[id].connection, *connection);
            }
        }
    }
}
