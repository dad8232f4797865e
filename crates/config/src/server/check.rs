//! What must hold between the values, as Apache Kafka has it, and what this release can be.

use super::ConfigError;
use super::source::Source;
use crate::consistency::{self, Problem};
use crate::listeners::Listeners;

pub(super) fn check(source: &Source) -> Result<Listeners, ConfigError> {
    node(source)?;
    let wrong = |(name, problem): Problem| source.wrong(name, problem);
    let listeners = Listeners::of(source.settings()).map_err(wrong)?;
    authorizer(source)?;
    quorum(source)?;
    groups(source)?;
    consistency::check(source.settings()).map_err(wrong)?;
    Ok(listeners)
}

fn node(source: &Source) -> Result<(), ConfigError> {
    if !source.is_set("node.id") {
        let problem = "expected a number of at least 0 that no other node has, found nothing";
        return Err(source.wrong("node.id", problem));
    }
    if source.is_set("broker.id") && source.integer("broker.id") != source.integer("node.id") {
        let problem = "expected the same value as node.id, or nothing";
        return Err(source.wrong("broker.id", problem));
    }
    let roles = source.list("process.roles");
    if roles.is_empty() {
        let problem = "expected broker,controller, found nothing; there is no ZooKeeper any more";
        return Err(source.wrong("process.roles", problem));
    }
    if roles.len() != 2 {
        let problem = format!(
            "this release is broker and controller in one process: expected broker,controller, found {}",
            roles.join(",")
        );
        return Err(source.wrong("process.roles", problem));
    }
    if source
        .text("metadata.log.dir")
        .is_some_and(|path| path.is_empty())
    {
        return Err(source.wrong("metadata.log.dir", "expected a directory, found nothing"));
    }
    Ok(())
}

/// What would leave the node more open than it was meant to be.
fn authorizer(source: &Source) -> Result<(), ConfigError> {
    let authorizer = source.text("authorizer.class.name").unwrap_or_default();
    let allows_all = source.boolean("allow.everyone.if.no.acl.found");
    if !(authorizer.is_empty() || is_standard(&authorizer) && allows_all) {
        let problem = format!(
            "{authorizer} would not be asked in this release; remove it, or let everybody in with \
             {STANDARD_AUTHORIZER} and allow.everyone.if.no.acl.found=true"
        );
        return Err(source.wrong("authorizer.class.name", problem));
    }
    Ok(())
}

const STANDARD_AUTHORIZER: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

pub(super) fn is_standard(authorizer: &str) -> bool {
    authorizer == STANDARD_AUTHORIZER
}

fn quorum(source: &Source) -> Result<(), ConfigError> {
    let (servers, voters) = (
        "controller.quorum.bootstrap.servers",
        "controller.quorum.voters",
    );
    let static_voters = source.list(voters);
    if static_voters.is_empty() {
        return match source.list(servers).is_empty() {
            true => {
                let problem =
                    "expected HOST:PORT of the controller, this node's own, found nothing";
                Err(source.wrong(servers, problem))
            }
            false => Ok(()),
        };
    }
    let ids = static_voters
        .iter()
        .filter_map(|voter| voter.split_once('@'));
    let ids: Vec<Option<i64>> = ids.map(|(id, _)| id.parse().ok()).collect();
    let own = source.integer("node.id");
    if ids == [own] {
        return Ok(());
    }
    let problem = match ids.contains(&own) {
        true => "this release is a quorum of one: expected this node alone",
        false => "expected this node, whose node.id is not among them",
    };
    Err(source.wrong(voters, problem))
}

/// Which groups there can be.
fn groups(source: &Source) -> Result<(), ConfigError> {
    let name = "group.coordinator.rebalance.protocols";
    let protocols = source.list(name);
    if !protocols.iter().any(|protocol| protocol == "classic") {
        let problem = format!(
            "classic groups are always served: expected classic among them, found {}",
            protocols.join(",")
        );
        return Err(source.wrong(name, problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::server::tests::{load, refused};

    #[track_caller]
    fn says(extra: &str, expected: &str) {
        let said = refused(extra);
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn a_node_is_broker_and_controller_and_has_an_id() {
        says(
            "process.roles=broker",
            "s:7: process.roles: this release is broker and controller in one process",
        );
        says(
            "broker.id=4",
            "s:7: broker.id: expected the same value as node.id",
        );
        assert!(load("broker.id=3").is_ok());
        let text = crate::server::tests::MINIMAL.replace("node.id=3\n", "");
        let error = crate::ServerConfig::load("s", &text, &[]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("s: node.id: expected a number")
        );
        let text = crate::server::tests::MINIMAL
            .replace("node.id=3", "listeners=PLAINTEXT://:1,C://:2\nbroker.id=9");
        let (config, _) = crate::ServerConfig::load("s", &text, &[]).unwrap();
        assert_eq!(config.node_id(), ottla_model::NodeId(9));
        let text = text.replace("broker.id=9", "broker.id=-1");
        let error = crate::ServerConfig::load("s", &text, &[]).unwrap_err();
        let expected = "s:3: node.id: expected a whole number of 32 bits of at least 0";
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[test]
    fn listeners_have_names_and_ports_of_their_own() {
        says(
            "listeners=PLAINTEXT://:1,PLAINTEXT://:2,C://:3",
            "s:6: listeners: expected each name once, found PLAINTEXT again",
        );
        says(
            "listeners=PLAINTEXT://:1,C://:1",
            "expected a port of its own for PLAINTEXT and C",
        );
        says(
            "listeners=PLAINTEXT://127.0.0.1:1,C://127.0.0.2:1",
            "found 1 twice",
        );
        says("listeners=PLAINTEXT://h:1,C://[::1]:1", "found 1 twice");
        assert!(load("listeners=PLAINTEXT://127.0.0.1:1,C://[::1]:1").is_ok());
        assert!(load("listeners=plaintext://::1:9092,c://:0").is_ok());
        assert!(load("listeners=PLAINTEXT://:0,C://:0").is_ok());
    }

    #[test]
    fn a_listener_is_a_clients_or_the_controllers() {
        says(
            "listeners=PLAINTEXT://:1",
            "controller.listener.names: expected names of listeners, found C",
        );
        says(
            "listeners=C://:1",
            "listeners: expected one for clients too",
        );
        says(
            "listeners=PLAINTEXT://:1,C://:2,D://:3",
            "listed in listener.security.protocol.map, found D",
        );
        says(
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT",
            "listed in listener.security.protocol.map, found C",
        );
        says(
            "listener.security.protocol.map=PLAINTEXT:TLS",
            "s:7: listener.security.protocol.map: expected NAME:PLAINTEXT",
        );
        let (config, _) = load("listeners=PLAINTEXT://:1,D://[::1]:2,C://:3\nlistener.security.protocol.map=PLAINTEXT:PLAINTEXT, D:plaintext, C:PLAINTEXT").unwrap();
        assert_eq!(config.listeners().len(), 3);
        assert!(!config.is_controller_listener("D"));
    }

    #[test]
    fn advertised_are_listeners_by_addresses_that_lead_somewhere() {
        says(
            "advertised.listeners=PLAINTEXT://0.0.0.0:1",
            "an address that others can connect to",
        );
        says(
            "advertised.listeners=C://a:1",
            "expected a listener for clients",
        );
        says(
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,C:PLAINTEXT,D:PLAINTEXT\nadvertised.listeners=D://a:1",
            "s:8: advertised.listeners: expected names of listeners, found D",
        );
        let (config, _) = load("advertised.listeners=PLAINTEXT://a:1,C://a:1").unwrap();
        assert_eq!(config.advertised_listeners().unwrap().len(), 2);
    }

    #[test]
    fn brokers_have_a_listener_among_themselves() {
        says(
            "inter.broker.listener.name=C",
            "s:7: inter.broker.listener.name: brokers reach each other by the listener C",
        );
        says(
            "security.inter.broker.protocol=SSL",
            "expected inter.broker.listener.name to be one of PLAINTEXT",
        );
        says(
            "inter.broker.listener.name=PLAINTEXT\nsecurity.inter.broker.protocol=PLAINTEXT",
            "only one of",
        );
        assert!(load("inter.broker.listener.name=plaintext").is_ok());
        let named =
            "listeners=L://:1,C://:2\nlistener.security.protocol.map=L:PLAINTEXT,C:PLAINTEXT\n";
        says(
            named,
            "s: security.inter.broker.protocol: brokers reach each other by the listener PLAINTEXT",
        );
        assert!(load(&format!("{named}inter.broker.listener.name=L")).is_ok());
    }

    #[test]
    fn a_quorum_is_this_node_alone() {
        says(
            "controller.quorum.bootstrap.servers=",
            "s:7: controller.quorum.bootstrap.servers: expected HOST:PORT",
        );
        says("controller.quorum.voters=3@a:1,4@b:1", "a quorum of one");
        says(
            "controller.quorum.voters=4@b:1",
            "whose node.id is not among them",
        );
        assert!(
            load("controller.quorum.bootstrap.servers=\ncontroller.quorum.voters=3@a:1").is_ok()
        );
    }

    #[test]
    fn classic_groups_are_served_and_all_have_what_any_may_have() {
        says(
            "group.coordinator.rebalance.protocols=consumer",
            "classic groups are always served: expected classic among them, found consumer",
        );
        says(
            "group.consumer.session.timeout.ms=6000",
            "group.consumer.session.timeout.ms: expected 45000 to 60000",
        );
        let both =
            "group.consumer.session.timeout.ms=6000\ngroup.consumer.min.session.timeout.ms=6000";
        assert!(load(both).is_ok());
    }

    #[test]
    fn ages_are_ages_whichever_key_gives_them() {
        says(
            "log.retention.hours=0",
            "s:7: log.retention.hours: expected at least 1, or -1",
        );
        says(
            "log.retention.ms=0",
            "log.retention.ms: expected at least 1, or -1",
        );
        assert!(load("log.retention.ms=-1\nlog.retention.hours=0").is_ok());
        says("log.roll.ms=0", "log.roll.ms: expected at least 1");
    }

    #[test]
    fn what_would_leave_the_node_open_stops_the_start() {
        says(
            "listeners=SSL://:1,C://:2",
            "s:6: listeners: SSL asks for SSL, which this release does not have",
        );
        says(
            "listeners=PLAINTEXT://:1,C://:2\nlistener.security.protocol.map=PLAINTEXT:SASL_SSL,C:PLAINTEXT",
            "PLAINTEXT asks for SASL_SSL",
        );
        says(
            "authorizer.class.name=x.Y",
            "s:7: authorizer.class.name: x.Y would not be asked",
        );
        says(
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "would not be asked",
        );
        for (key, value) in [
            ("ssl.client.auth", "required"),
            ("listener.name.plaintext.ssl.client.auth", "required"),
            ("sasl.enabled.mechanisms", "PLAIN"),
            ("listener.name.plaintext.plain.sasl.jaas.config", "x"),
            ("principal.builder.class", "x.Y"),
            ("create.topic.policy.class.name", "x.Y"),
        ] {
            says(
                &format!("{key}={value}"),
                &format!(
                    "s:7: {key}: this release does not honour it, and the node would be more open"
                ),
            );
        }
    }
}
