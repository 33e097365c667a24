//! Randomness from a seed: the same seed and the same story give the same ids and the same faults.

use crate::domain::ids::InvalidId;

/// Letters and digits that nobody mistakes for one another, as in Persona's ids.
const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// A `SplitMix64` generator.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn next_u32(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }

    /// A number from 0 to `bound` - 1; 0 when `bound` is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX);
        usize::try_from((u64::from(self.next_u32()).wrapping_mul(bound)) >> 32).unwrap_or(0)
    }

    /// True in this share of the cases: never at 0, always at 1.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        share > 0.0 && f64::from(self.next_u32()) / 4_294_967_296.0 < share
    }

    /// A word of letters and digits.
    pub(super) fn word(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(ALPHABET[self.below(ALPHABET.len())])).collect()
    }

    /// An id such as `inq_…`, as text.
    pub(super) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.word(24))
    }

    /// An id as its type.
    pub(super) fn mint<Id>(&mut self, prefix: &str, parse: fn(&str) -> Result<Id, InvalidId>) -> Id {
        parse(&self.id(prefix)).unwrap_or_else(|_| unreachable!("a minted id is a short printable word"))
    }

    /// Puts items in another order.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_tells_one_story() {
        let words = |seed| {
            let mut random = Random::seeded(seed);
            [random.word(24), random.word(24)]
        };
        assert_eq!(words(7), words(7));
        assert_ne!(words(7), words(8));
        assert_ne!(words(7)[0], words(7)[1]);
    }

    #[test]
    fn a_share_is_kept_to() {
        let mut random = Random::seeded(1);
        let hits = (0..10_000).filter(|_| random.chance(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!(!(0..1_000).any(|_| random.chance(0.0)));
        assert!((0..1_000).all(|_| random.chance(1.0)));
    }

    #[test]
    fn shuffling_loses_nothing() {
        let mut items: Vec<u32> = (0..50).collect();
        Random::seeded(3).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
