use hmac::digest::core_api::BlockSizeUser;
use hmac::{Mac, SimpleHmac};
use sha2::digest::{Digest, FixedOutput, Update};
use sha2::{Sha256, Sha512};

/// A SCRAM mechanism that there are credentials for, numbered as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    Sha256 = 1,
    Sha512 = 2,
}

impl Mechanism {
    #[must_use]
    pub fn of_code(code: i8) -> Option<Self> {
        [Self::Sha256, Self::Sha512]
            .into_iter()
            .find(|it| *it as i8 == code)
    }
}

/// What a broker keeps of a password: enough to check a client's proof and to give its own, not enough to be the client (RFC 5802).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub stored: Vec<u8>,
    pub server: Vec<u8>,
}

impl Keys {
    /// From a salted password.
    #[must_use]
    pub fn of(mechanism: Mechanism, salted_password: &[u8]) -> Self {
        match mechanism {
            Mechanism::Sha256 => derive::<Sha256>(salted_password),
            Mechanism::Sha512 => derive::<Sha512>(salted_password),
        }
    }
}

fn derive<D: Digest + BlockSizeUser + FixedOutput + Update>(salted_password: &[u8]) -> Keys {
    let client = sign::<D>(salted_password, b"Client Key");
    Keys {
        stored: D::digest(client).to_vec(),
        server: sign::<D>(salted_password, b"Server Key"),
    }
}

fn sign<D: Digest + BlockSizeUser + FixedOutput + Update>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = <SimpleHmac<D> as Mac>::new_from_slice(key).expect("a key of any length will do");
    Mac::update(&mut mac, text);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The example of RFC 7677: user `user`, password `pencil`.
    #[test]
    fn keys_are_those_of_the_rfc() {
        let salted = "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d";
        let salted: Vec<u8> = (0..32)
            .map(|at| u8::from_str_radix(&salted[2 * at..2 * at + 2], 16).expect("hex"))
            .collect();
        let keys = Keys::of(Mechanism::Sha256, &salted);
        assert_eq!(
            hex(&keys.stored),
            "586e5df283e6dceb5c3e791d8b8528ec191e664045ce971792e2e6b5bb13e2a6"
        );
        assert_eq!(
            hex(&keys.server),
            "c1f3cbc1c13a9d35a14c0990eed97629ea225863e566a4314ab99f3f00e5d9d5"
        );
        assert_eq!(Keys::of(Mechanism::Sha512, &salted).stored.len(), 64);
    }
}
