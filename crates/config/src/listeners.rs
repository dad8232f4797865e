//! Where a node can be reached: at its start, and while `listeners` is changed under it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::consistency::Problem;
use crate::listener::{self, Listener, SecurityProtocol};
use crate::settings::Settings;
use crate::value::Value;

const LISTENERS: &str = "listeners";
const ADVERTISED: &str = "advertised.listeners";
const PROTOCOLS: &str = "listener.security.protocol.map";
const CONTROLLERS: &str = "controller.listener.names";

/// Where the node can be reached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listeners {
    pub(crate) bound: Vec<Listener>,
    /// `None` where clients are told the address they came by.
    pub(crate) advertised: Option<Vec<Listener>>,
    /// Names of those in `bound` that are the controller's, in capitals.
    controllers: BTreeSet<String>,
}

impl Listeners {
    /// # Errors
    /// What does not go together, or asks for what this release is not.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Problem> {
        let listeners = Self::read(settings)?;
        listeners.check(settings)?;
        Ok(listeners)
    }

    /// As they are named, whether or not they go together.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Problem> {
        let controllers = settings.list(CONTROLLERS);
        if controllers.is_empty() {
            let problem = "expected the name of a listener, found nothing";
            return Err((CONTROLLERS, problem.to_owned()));
        }
        let protocols = protocols(settings)?;
        let controllers = controllers.into_iter();
        Ok(Self {
            bound: parsed(settings, LISTENERS, &protocols)?,
            advertised: match settings.explicit(ADVERTISED) {
                Some(_) => Some(parsed(settings, ADVERTISED, &protocols)?),
                None => None,
            },
            controllers: controllers.map(|name| name.to_ascii_uppercase()).collect(),
        })
    }

    fn check(&self, settings: &Settings) -> Result<(), Problem> {
        ports(&self.bound).map_err(|problem| (LISTENERS, problem))?;
        self.check_controllers()?;
        for listener in &self.bound {
            if listener.protocol != SecurityProtocol::Plaintext {
                let problem = format!(
                    "{} asks for {}, which this release does not have; expected PLAINTEXT",
                    listener.name,
                    listener.protocol.name()
                );
                return Err((LISTENERS, problem));
            }
        }
        self.check_advertised()?;
        self.check_between_brokers(settings)
    }

    fn check_controllers(&self) -> Result<(), Problem> {
        if let Some(stray) = self.controllers.iter().find(|name| !self.has(name)) {
            let problem = format!("expected names of listeners, found {stray}, which is none");
            return Err((CONTROLLERS, problem));
        }
        if self.bound.len() == self.controllers.len() {
            let problem =
                "expected one for clients too, found only those of controller.listener.names";
            return Err((LISTENERS, problem.to_owned()));
        }
        Ok(())
    }

    fn check_advertised(&self) -> Result<(), Problem> {
        let wrong = |problem: String| Err((ADVERTISED, problem));
        for listener in self.advertised.iter().flatten() {
            if !self.has(&listener.name) {
                return wrong(format!(
                    "expected names of listeners, found {}, which is none",
                    listener.name
                ));
            }
            if matches!(listener.host.as_str(), "0.0.0.0" | "::") {
                return wrong(format!(
                    "expected an address that others can connect to, found {}",
                    listener.host
                ));
            }
        }
        if self.shown().next().is_none() {
            return wrong(
                "expected a listener for clients, found only the controller's".to_owned(),
            );
        }
        Ok(())
    }

    /// One broker has nobody to talk to; but what it would use must be there, or the file is wrong.
    fn check_between_brokers(&self, settings: &Settings) -> Result<(), Problem> {
        let (by_name, by_protocol) = (
            "inter.broker.listener.name",
            "security.inter.broker.protocol",
        );
        let text = |name| match settings.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        };
        let named = text(by_name).map(|name| name.to_ascii_uppercase());
        let key = match named {
            Some(_) => by_name,
            None => by_protocol,
        };
        if named.is_some() && settings.explicit(by_protocol).is_some() {
            let problem = format!("expected only one of {by_name} and {by_protocol}");
            return Err((by_protocol, problem));
        }
        let name = named.or_else(|| text(by_protocol)).unwrap_or_default();
        let names: Vec<_> = self.shown().map(|listener| &*listener.name).collect();
        if names.contains(&&*name) {
            return Ok(());
        }
        let problem = format!(
            "brokers reach each other by the listener {name}, which there is not: expected {by_name} to be one of {}",
            names.join(", ")
        );
        Err((key, problem))
    }

    pub(crate) fn is_controllers(&self, name: &str) -> bool {
        self.controllers.contains(&name.to_ascii_uppercase())
    }

    /// The names of those that are not the controller's, in capitals.
    pub(crate) fn of_clients(&self) -> impl Iterator<Item = &str> {
        let names = self.bound.iter().map(|listener| &*listener.name);
        names.filter(|name| !self.is_controllers(name))
    }

    /// Those that clients are told of.
    fn shown(&self) -> impl Iterator<Item = &Listener> {
        let shown = self.advertised.as_ref().unwrap_or(&self.bound);
        shown
            .iter()
            .filter(|listener| !self.is_controllers(&listener.name))
    }

    fn find(&self, name: &str) -> Option<&Listener> {
        self.bound.iter().find(|listener| listener.name == name)
    }

    fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }
}

/// Whether both have the same listeners, as far as those can change.
pub(crate) fn is_same(before: &Settings, after: &Settings) -> bool {
    let mut keys = [LISTENERS, PROTOCOLS].into_iter();
    keys.all(|name| before.explicit(name) == after.explicit(name))
}

/// Whether a node that runs with the listeners of `taken` may go on with those of `after`. Those that have a name which is new are opened, those whose name is
/// gone are closed: an open one stays where it is and what it is.
///
/// # Errors
/// What does not go together, or cannot be of a node that runs.
pub(crate) fn step(taken: &Settings, after: &Settings) -> Result<(), Problem> {
    if is_same(taken, after) {
        return Ok(());
    }
    let next = Listeners::read(after)?;
    let open = Listeners::of(taken)?;
    for listener in &open.bound {
        let (name, protocol) = (&listener.name, listener.protocol.name());
        if next
            .find(name)
            .is_some_and(|next| next.protocol != listener.protocol)
        {
            let problem = format!("{name} is open and stays {protocol}: close it first");
            return Err((PROTOCOLS, problem));
        }
    }
    next.check(after)?;
    // Those of advertised.listeners are there, that was checked. Without it what was there at the start is registered, and nobody takes that
    // back; Kafka treats what was opened since no differently.
    let mut shown = open.shown();
    match shown.find(|listener| !next.has(&listener.name)) {
        None => Ok(()),
        Some(closed) => Err((
            LISTENERS,
            format!(
                "{} cannot be closed: every listener stays open where the file has no advertised.listeners",
                closed.name
            ),
        )),
    }
}

/// What each name of a listener stands for.
fn protocols(settings: &Settings) -> Result<BTreeMap<String, SecurityProtocol>, Problem> {
    let mut protocols = listener::protocols(&settings.list(PROTOCOLS))
        .map_err(|expected| (PROTOCOLS, format!("expected {expected}")))?;
    if settings.explicit(PROTOCOLS).is_none() {
        // As Kafka does: a controller's listener is plain unless something else is said.
        for controller in settings.list(CONTROLLERS) {
            let plain = protocols.entry(controller.to_ascii_uppercase());
            plain.or_insert(SecurityProtocol::Plaintext);
        }
    }
    Ok(protocols)
}

/// The listeners that the key `name` has, each once.
fn parsed(
    settings: &Settings,
    name: &'static str,
    protocols: &BTreeMap<String, SecurityProtocol>,
) -> Result<Vec<Listener>, Problem> {
    let texts = settings.list(name);
    let parsed = texts.iter().map(|text| listener::parse(text, protocols));
    let parsed = parsed.collect::<Result<Vec<Listener>, String>>();
    let parsed = parsed.map_err(|expected| (name, format!("expected {expected}")))?;
    let mut names = BTreeSet::new();
    match parsed.iter().find(|listener| !names.insert(&listener.name)) {
        Some(again) => Err((
            name,
            format!("expected each name once, found {} again", again.name),
        )),
        None => Ok(parsed),
    }
}

/// Two listeners may share a port only as an IPv4 and an IPv6 address. The error is the problem.
fn ports(listeners: &[Listener]) -> Result<(), String> {
    for (at, listener) in listeners.iter().enumerate() {
        let sharing: Vec<_> = listeners[at + 1..]
            .iter()
            .filter(|other| other.port == listener.port && listener.port != 0)
            .collect();
        let family =
            |listener: &Listener| listener.host.parse::<IpAddr>().map(|ip| ip.is_ipv6()).ok();
        let is_fine = match sharing.as_slice() {
            [] => true,
            [other] => match (family(listener), family(other)) {
                (Some(one), Some(other)) => one != other,
                _ => false,
            },
            _ => false,
        };
        if !is_fine {
            return Err(format!(
                "expected a port of its own for {} and {}, or an IPv4 and an IPv6 address, found {} twice",
                listener.name, sharing[0].name, listener.port
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::Layers;
    use crate::dynamic::{self, Level};

    /// What a node with the listeners A, B and C, the controller's, of which clients are told of A, says to dynamic configs, having `has`
    /// and taken over what of it makes sense.
    fn checked(
        advertised: &str,
        has: &[(&str, &str)],
        next: &[(&str, &str)],
    ) -> Result<(), String> {
        let text = format!(
            "process.roles=broker,controller\nnode.id=1\nlisteners=A://:1,B://:2,C://:3\n{advertised}\
             listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT,C:PLAINTEXT,D:PLAINTEXT,S:SSL\n\
             inter.broker.listener.name=A\ncontroller.listener.names=C\ncontroller.quorum.bootstrap.servers=c:3\n"
        );
        let (config, _) = crate::ServerConfig::load("s", &text, &[]).unwrap();
        let (has, next) = (has.iter().copied(), next.iter().copied());
        let layers = Layers {
            file: config.settings(),
            all_brokers: &Settings::default(),
            this_broker: &Settings::dynamic(Level::ThisBroker, has),
        };
        let (file, effective) = (config.settings(), layers.effective());
        let taken = match dynamic::listeners(file, &effective) {
            Ok(_) => &effective,
            Err(_) => file,
        };
        dynamic::check(&layers, taken, Level::ThisBroker, next)
    }

    const ONLY_A: &str = "advertised.listeners=A://a:1\n";

    fn listeners(text: &str) -> Result<(), String> {
        checked(ONLY_A, &[], &[(LISTENERS, text)])
    }

    #[track_caller]
    fn says(result: Result<(), String>, expected: &str) {
        let said = result.unwrap_err();
        assert!(said.contains(expected), "{said}");
    }

    #[test]
    fn listeners_are_opened_and_those_closed_that_nobody_is_told_of() {
        assert_eq!(listeners("A://:1,B://:2,C://:3,D://:4"), Ok(()));
        assert_eq!(listeners("A://:1,C://:3"), Ok(()));
        assert_eq!(listeners("a://h:9,c://:0,d://:2"), Ok(()));
        let has = [(LISTENERS, "A://:1,C://:3,D://:4")];
        assert_eq!(checked(ONLY_A, &has, &[]), Ok(()));
        says(
            listeners("B://:2,C://:3"),
            "advertised.listeners: expected names of listeners, found A",
        );
        says(
            listeners("A://:1,B://:2"),
            "controller.listener.names: expected names of listeners, found C",
        );
        says(
            listeners("A://:1,C://:3,X://:4"),
            "listed in listener.security.protocol.map, found X",
        );
        says(listeners("A://:1,C://:3,D://:3"), "found 3 twice");
        says(listeners("A://:1,C://:3,S://:4"), "S asks for SSL");
        says(listeners("A://:1,C://:3,B"), "expected NAME://host:port");
    }

    #[test]
    fn without_advertised_listeners_all_that_are_open_stay() {
        let next = |has, text| checked("", has, &[(LISTENERS, text)]);
        says(next(&[], "A://:1,C://:3"), "listeners: B cannot be closed");
        says(
            next(&[], "B://:2,C://:3"),
            "brokers reach each other by the listener A",
        );
        assert_eq!(next(&[], "A://:1,B://:2,C://:3,D://:4"), Ok(()));
        let has = [(LISTENERS, "A://:1,B://:2,C://:3,D://:4")];
        says(
            next(&has, "A://:1,B://:2,C://:3"),
            "D cannot be closed: every listener stays open",
        );
        says(checked("", &has, &[]), "D cannot be closed");
        assert_eq!(
            checked("", &has, &[has[0], ("num.io.threads", "9")]),
            Ok(())
        );
    }

    #[test]
    fn what_an_open_listener_speaks_cannot_be_changed() {
        let map = |text: &str| checked(ONLY_A, &[], &[(PROTOCOLS, text)]);
        let plain = "A:PLAINTEXT,C:PLAINTEXT,";
        assert_eq!(map(&format!("{plain}B:PLAINTEXT,X:SASL_SSL")), Ok(()));
        says(
            map(&format!("{plain}B:SSL")),
            "listener.security.protocol.map: B is open and stays PLAINTEXT",
        );
        says(
            map(plain),
            "listed in listener.security.protocol.map, found B",
        );
        says(map("A:PLAINTEXT,B"), "expected NAME:PLAINTEXT");
        let both = [(LISTENERS, "A://:1,C://:3"), (PROTOCOLS, plain)];
        assert_eq!(checked(ONLY_A, &[], &both), Ok(()));
    }

    #[test]
    fn what_made_no_sense_has_closed_nothing() {
        let has = [(LISTENERS, "X://:2")];
        says(
            checked("", &has, &[(LISTENERS, "A://:1,C://:3")]),
            "B cannot be closed",
        );
        for has in [has, [(LISTENERS, "B://:2,C://:3")]] {
            for limit in ["max.connections", "listener.name.a.max.connections"] {
                let limits = [has[0], (limit, "0")];
                says(checked("", &has, &limits), "for listener a");
            }
        }
        assert_eq!(checked("", &has, &[]), Ok(()));
    }

    #[test]
    fn what_made_no_sense_is_no_hindrance() {
        let has = [(LISTENERS, "A://:1,X://:2,C://:3")];
        let next = [(LISTENERS, "A://:1,C://:3")];
        assert_eq!(checked(ONLY_A, &has, &next), Ok(()));
        assert_eq!(
            checked(ONLY_A, &has, &[has[0], ("num.io.threads", "9")]),
            Ok(())
        );
    }
}
