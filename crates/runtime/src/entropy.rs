use ottla_env::Entropy;

/// The kernel's random bits.
#[derive(Clone, Copy, Debug)]
pub struct RealEntropy;

impl Entropy for RealEntropy {
    fn bits(&self) -> u128 {
        let mut bytes = [0; 16];
        fill(&mut bytes);
        u128::from_ne_bytes(bytes)
    }
}

#[cfg(target_os = "linux")]
fn fill(bytes: &mut [u8]) {
    use rustix::rand::{GetRandomFlags, getrandom};
    let filled = rustix::io::retry_on_intr(|| getrandom(&mut *bytes, GetRandomFlags::empty()));
    // The call blocks until the kernel has gathered enough once, and then gives up to 256 bytes whole.
    assert_eq!(filled, Ok(bytes.len()), "the kernel gives random bits");
}

#[cfg(not(target_os = "linux"))]
fn fill(bytes: &mut [u8]) {
    use std::io::Read;
    std::fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(bytes))
        .expect("the kernel gives random bits");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_differ() {
        assert_ne!(RealEntropy.uuid(), RealEntropy.uuid());
    }
}
