//! What a request names more than once: nobody can say which is meant, and Kafka refuses it in one answer for all.

use std::collections::BTreeMap;

/// The items that are alone under their key, and the keys of the others, each once.
pub(super) fn apart<T, K: Ord>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> K,
) -> (Vec<T>, Vec<K>) {
    let items: Vec<T> = items.into_iter().collect();
    let mut counts: BTreeMap<K, usize> = BTreeMap::new();
    for item in &items {
        *counts.entry(key(item)).or_default() += 1;
    }
    let alone = items.into_iter().filter(|item| counts[&key(item)] == 1);
    let alone = alone.collect();
    let several = counts.into_iter().filter(|(_, count)| *count > 1);
    (alone, several.map(|(key, _)| key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_more_than_once_is_none_of_them() {
        let (alone, several) = apart([("a", 1), ("b", 2), ("a", 3), ("c", 4)], |(name, _)| *name);
        assert_eq!(alone, [("b", 2), ("c", 4)]);
        assert_eq!(several, ["a"]);
    }
}
