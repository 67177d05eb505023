//! A counter-based random generator: Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
//! as 1, 2, 3" (SC 2011).
//!
//! Every stream is a pure function of (seed, index, purpose), so that pair 1,000,000 costs no more than pair 0, and
//! neither the order of drawing nor the number of threads matters.

const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// One block of Philox4x32-10.
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let low = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let high = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (high >> 32) as u32 ^ counter[1] ^ key[0],
            high as u32,
            (low >> 32) as u32 ^ counter[3] ^ key[1],
            low as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

/// What a stream is for. Streams of different purpose never share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// What a training scene contains.
    Content = 1,
    /// Where it stands, and the attributes that its caption leaves open.
    Staging = 2,
    /// How its caption is worded.
    Wording = 3,
    /// How its document is worded.
    Document = 4,
    /// Which prompts the evaluation set holds.
    Evaluation = 5,
    /// The ground-truth scene of an evaluation prompt.
    Truth = 6,
    /// How a caption is made false.
    Falsehood = 7,
    /// In which order the chunker learns.
    Learning = 8,
    /// What a training clip contains.
    ClipContent = 9,
    /// Where its objects begin.
    ClipStaging = 10,
    /// How its caption is worded.
    ClipWording = 11,
    /// The ground-truth clip of an evaluation prompt.
    ClipTruth = 12,
}

/// A stream of random numbers, see [`Rng::new`].
#[derive(Clone, Debug)]
pub struct Rng {
    key: [u32; 2],
    /// Block, purpose, index low, index high.
    counter: [u32; 4],
    block: [u32; 4],
    used: usize,
}

impl Rng {
    /// The stream of `seed` that belongs to `index` and `purpose`.
    pub fn new(seed: u64, index: u64, purpose: Purpose) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            counter: [0, purpose as u32, index as u32, (index >> 32) as u32],
            block: [0; 4],
            used: 4,
        }
    }

    /// Uniform over all `u32`.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.block = philox(self.counter, self.key);
            self.counter[0] = self.counter[0].wrapping_add(1);
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// Uniform over `0..bound` (over `0..1` for a bound of 0). Multiply-shift without rejection: the bias is below `bound / 2^32`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.next_u32()) * bound as u64) >> 32) as usize
    }

    /// Uniform over `low..=high`; `low` where the range is empty.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).max(1) as usize) as i32
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f32) -> bool {
        let unit = (self.next_u32() >> 8) as f32 / (1u32 << 24) as f32;
        unit < probability
    }

    /// One of `items`, which must not be empty.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Fisher-Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_reproduces_the_known_answers_of_random123() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox([u32::MAX; 4], [u32::MAX; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn streams_differ_by_seed_index_and_purpose() {
        let first = |seed, index, purpose| Rng::new(seed, index, purpose).next_u32();
        let here = first(1, 2, Purpose::Content);
        assert_ne!(here, first(2, 2, Purpose::Content));
        assert_ne!(here, first(1, 3, Purpose::Content));
        assert_ne!(here, first(1, 2, Purpose::Wording));
        assert_ne!(here, first(1, 2 | 1 << 32, Purpose::Content));
    }

    #[test]
    fn between_covers_its_whole_range_evenly() {
        let mut rng = Rng::new(0, 0, Purpose::Content);
        let mut seen = [0u32; 5];
        for _ in 0..10_000 {
            seen[(rng.between(-2, 2) + 2) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (1_850..2_150).contains(&n)), "{seen:?}");
    }
}
