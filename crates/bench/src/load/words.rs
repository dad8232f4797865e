//! What the records hold.

/// Text that compresses about as text does: words of a small vocabulary, in no order.
pub(super) struct Words {
    state: u64,
    vocabulary: Vec<Vec<u8>>,
}

const VOCABULARY: usize = 1000;

impl Words {
    pub(super) fn new() -> Self {
        let mut words = Self {
            state: 0x9e37_79b9_7f4a_7c15,
            vocabulary: Vec::new(),
        };
        for _ in 0..VOCABULARY {
            let letters = 2 + words.below(9);
            let mut word: Vec<u8> = (0..letters).map(|_| b'a' + words.below(26) as u8).collect();
            word.push(b' ');
            words.vocabulary.push(word);
        }
        words
    }

    /// Marsaglia's xorshift: the same text in every run.
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 33) as usize % bound
    }

    pub(super) fn text(&mut self, length: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(length);
        while text.len() < length {
            let word = self.below(VOCABULARY);
            text.extend_from_slice(&self.vocabulary[word]);
        }
        text.truncate(length);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_long_as_is_asked_and_no_text_is_like_the_next() {
        let mut words = Words::new();
        let (one, other) = (words.text(100), words.text(100));
        assert_eq!((one.len(), other.len()), (100, 100));
        assert_ne!(one, other);
        assert_eq!(Words::new().text(100), one);
    }
}
