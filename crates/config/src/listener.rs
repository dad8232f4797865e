use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// How a listener's connections are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecurityProtocol {
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

impl SecurityProtocol {
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "PLAINTEXT" => Some(Self::Plaintext),
            "SSL" => Some(Self::Ssl),
            "SASL_PLAINTEXT" => Some(Self::SaslPlaintext),
            "SASL_SSL" => Some(Self::SaslSsl),
            _ => None,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }

    /// As registrations carry it.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::Plaintext => 0,
            Self::Ssl => 1,
            Self::SaslPlaintext => 2,
            Self::SaslSsl => 3,
        }
    }
}

/// An address with a name, to listen on or to be told to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// In capitals.
    pub name: String,
    /// Empty for every address of the machine.
    pub host: String,
    pub port: u16,
    pub protocol: SecurityProtocol,
}

impl Listener {
    /// As others are told of it that nobody said more about: an address that stands for all of them is none to connect to.
    #[must_use]
    pub fn told(&self) -> Self {
        let is_every = |host: &str| host.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified());
        let mut told = self.clone();
        if told.host.is_empty() || is_every(&told.host) {
            "localhost".clone_into(&mut told.host);
        }
        told
    }
}

/// As `listeners` has it.
impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.name, Address(&self.host, self.port))
    }
}

/// `host:port`, an IPv6 host in brackets.
#[derive(Clone, Copy, Debug)]
pub struct Address<'a>(pub &'a str, pub u16);

impl<'a> Address<'a> {
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = bracketed.unwrap_or(host);
        let port = port.parse().ok()?;
        (!host.is_empty()).then_some(Self(host, port))
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host, port) = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

/// `NAME://host:port`, an IPv6 host in brackets or not. The error says what was expected.
pub(crate) fn parse(
    text: &str,
    protocols: &BTreeMap<String, SecurityProtocol>,
) -> Result<Listener, String> {
    let form = || format!("NAME://host:port, found {text:?}");
    let (name, address) = text.split_once("://").ok_or_else(form)?;
    let (host, port) = address.rsplit_once(':').ok_or_else(form)?;
    let port = port.parse().map_err(|_| form())?;
    let bracketed = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = bracketed.unwrap_or(host);
    let is_of_hosts = |c: char| c.is_ascii_alphanumeric() || "-._:%".contains(c);
    if name.is_empty() || !host.chars().all(is_of_hosts) {
        return Err(form());
    }
    let name = name.to_ascii_uppercase();
    let protocol = protocols.get(&name).copied().ok_or_else(|| {
        format!("a listener listed in listener.security.protocol.map, found {name}")
    })?;
    Ok(Listener {
        name,
        host: host.to_owned(),
        port,
        protocol,
    })
}

/// `NAME:PROTOCOL,…`. The error says what was expected.
pub(crate) fn protocols(items: &[String]) -> Result<BTreeMap<String, SecurityProtocol>, String> {
    items
        .iter()
        .map(|item| {
            let parsed = item.split_once(':').and_then(|(name, protocol)| {
                Some((
                    name.trim().to_ascii_uppercase(),
                    SecurityProtocol::parse(protocol.trim())?,
                ))
            });
            parsed.ok_or_else(|| {
                format!("NAME:PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, found {item:?}")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_host_stands_in_brackets() {
        for text in ["host:1", "127.0.0.1:65535", "[::1]:9092"] {
            assert_eq!(Address::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Address::parse("[::1]:9092").unwrap().0, "::1");
        for wrong in ["", "host", ":1", "host:", "host:65536"] {
            assert!(Address::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn others_are_told_of_an_address_that_they_can_connect_to() {
        let told = |host: &str| {
            let listener = Listener {
                name: "X".to_owned(),
                host: host.to_owned(),
                port: 1,
                protocol: SecurityProtocol::Plaintext,
            };
            listener.told().to_string()
        };
        for every in ["", "0.0.0.0", "::"] {
            assert_eq!(told(every), "X://localhost:1");
        }
        assert_eq!(told("::1"), "X://[::1]:1");
        assert_eq!(told("broker"), "X://broker:1");
    }
}
