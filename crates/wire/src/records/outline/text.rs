/// Whether bytes that come in parts are UTF-8 together.
#[derive(Default)]
pub(super) struct Text {
    /// A character of which the rest is still to come.
    cut: [u8; 4],
    cut_length: usize,
    is_wrong: bool,
}

impl Text {
    pub(super) fn push(&mut self, mut part: &[u8]) {
        while self.cut_length > 0
            && !self.is_wrong
            && let Some((first, rest)) = part.split_first()
        {
            // Four bytes are a character or none: what is cut has fewer.
            self.cut[self.cut_length] = *first;
            self.cut_length += 1;
            part = rest;
            match std::str::from_utf8(&self.cut[..self.cut_length]) {
                Ok(_) => self.cut_length = 0,
                Err(error) => self.is_wrong = error.error_len().is_some(),
            }
        }
        if let Err(error) = std::str::from_utf8(part)
            && !self.is_wrong
        {
            let cut = &part[error.valid_up_to()..];
            self.is_wrong = error.error_len().is_some();
            if !self.is_wrong {
                self.cut[..cut.len()].copy_from_slice(cut);
                self.cut_length = cut.len();
            }
        }
    }

    pub(super) fn is_utf8(&self) -> bool {
        !self.is_wrong && self.cut_length == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_are_judged_as_the_whole(
            text: String, change in any::<Option<(proptest::sample::Index, u8)>>(), length in 1usize..5,
        ) {
            let mut bytes = text.into_bytes();
            if let Some((at, byte)) = change && !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let mut parts = Text::default();
            bytes.chunks(length).for_each(|part| parts.push(part));
            prop_assert_eq!(parts.is_utf8(), std::str::from_utf8(&bytes).is_ok());
        }
    }
}
