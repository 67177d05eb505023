//! Every random number of the product: counter-based, keyed by what it is for.
//!
//! Philox 4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): block i of a stream is
//! a function of the stream's key and i, so that no draw depends on another, on their order, or on the number of threads.
//! Normals come by Box-Muller in f64 from 53-bit uniforms, then round to f32.

use sha2::{Digest, Sha256};

/// Standard normals 0..n of a stream: see [`Stream::new`] for the key.
pub fn normal(seed: u64, stream: &str, k: u64, purpose: u32, n: usize) -> Vec<f32> {
    Stream::new(seed, stream, k, purpose).normals(n)
}

/// One addressable sequence of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
    /// Upper half of the counter: 64 more bits of the key's hash, so that streams do not meet.
    high: [u32; 2],
}

impl Stream {
    /// The stream of run `seed`, of `name` (a prompt id, a network's parameter), of that name's `k`-th image, for `purpose`.
    pub fn new(seed: u64, name: &str, k: u64, purpose: u32) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"gentron noise 1");
        hash.update(seed.to_le_bytes());
        hash.update(k.to_le_bytes());
        hash.update(purpose.to_le_bytes());
        hash.update(name.as_bytes()); // last, being the only one of variable length
        let digest = hash.finalize();
        let word =
            |i: usize| u32::from_le_bytes([digest[4 * i], digest[4 * i + 1], digest[4 * i + 2], digest[4 * i + 3]]);
        Self { key: [word(0), word(1)], high: [word(2), word(3)] }
    }

    /// 128 random bits.
    pub fn block(&self, index: u64) -> [u32; 4] {
        philox([index as u32, (index >> 32) as u32, self.high[0], self.high[1]], self.key)
    }

    /// Two independent uniforms in 0..1 (1 excluded) of 53 bits each.
    pub fn uniforms(&self, index: u64) -> [f64; 2] {
        let [a, b, c, d] = self.block(index);
        [(a, b), (c, d)].map(|(low, high)| mantissa(low, high) as f64 * f64::EPSILON / 2.0)
    }

    /// A whole number in 0..n (n excluded), by multiplication; biased by less than n / 2^64.
    ///
    /// # Panics
    /// Where `n` is 0.
    pub fn below(&self, index: u64, n: u64) -> u64 {
        assert!(n > 0, "no whole number is below 0");
        let [low, high, ..] = self.block(index);
        let bits = u64::from(high) << 32 | u64::from(low);
        ((u128::from(bits) * u128::from(n)) >> 64) as u64
    }

    /// The first `n` standard normals: two a block.
    pub fn normals(&self, n: usize) -> Vec<f32> {
        let mut normals = Vec::with_capacity(n + 1);
        for index in 0..n.div_ceil(2) as u64 {
            let [radius, angle] = self.uniforms(index);
            // 1 - u lies in 0..1 with 0 excluded, so that the logarithm is finite.
            let radius = (-2.0 * (1.0 - radius).ln()).sqrt();
            let (sine, cosine) = (std::f64::consts::TAU * angle).sin_cos();
            normals.extend([(radius * cosine) as f32, (radius * sine) as f32]);
        }
        normals.truncate(n);
        normals
    }
}

/// The upper 53 of 64 bits.
fn mantissa(low: u32, high: u32) -> u64 {
    (u64::from(high) << 32 | u64::from(low)) >> 11
}

/// The bijection: a counter of 128 bits under a key of 64, ten rounds.
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    for _ in 0..10 {
        let [first, second] =
            [u64::from(MULTIPLIERS[0]) * u64::from(counter[0]), u64::from(MULTIPLIERS[1]) * u64::from(counter[2])];
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_papers_known_answers() {
        // Random123, tests/kat_vectors, "philox4x32 10".
        let zeros = philox([0; 4], [0; 2]);
        assert_eq!(zeros, [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let ones = philox([u32::MAX; 4], [u32::MAX; 2]);
        assert_eq!(ones, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        let pi = philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]);
        assert_eq!(pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
    }

    #[test]
    fn every_part_of_the_key_counts_and_length_does_not() {
        let base = normal(1, "color-003", 2, 3, 7);
        for other in [(2, "color-003", 2, 3), (1, "color-004", 2, 3), (1, "color-003", 3, 3), (1, "color-003", 2, 4)] {
            assert_ne!(base, normal(other.0, other.1, other.2, other.3, 7));
        }
        assert_eq!(base[..], normal(1, "color-003", 2, 3, 1001)[..7]);
        assert!(normal(1, "", 0, 0, 0).is_empty());
    }

    #[test]
    fn normals_have_the_moments_of_a_standard_normal() {
        let n = 200_000;
        let draws: Vec<f64> = normal(7, "moments", 0, 0, n).into_iter().map(f64::from).collect();
        let moment = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / n as f64;
        // Four standard errors: the variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
        for (power, (want, variance)) in [(1, (0.0, 1.0)), (2, (1.0, 2.0)), (3, (0.0, 15.0)), (4, (3.0, 96.0))] {
            let error = (moment(power) - want).abs();
            assert!(error < 4.0 * f64::sqrt(variance / n as f64), "moment {power} is off by {error}");
        }
        let neighbours = draws.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / n as f64;
        assert!(neighbours.abs() < 4.0 / (n as f64).sqrt(), "neighbours correlate: {neighbours}");
    }

    #[test]
    fn whole_numbers_fill_their_range_evenly() {
        let stream = Stream::new(3, "dice", 0, 0);
        let mut counts = [0u32; 6];
        (0..60_000).for_each(|i| counts[stream.below(i, 6) as usize] += 1);
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 400), "{counts:?}");
        assert!((0..1000).all(|i| stream.uniforms(i).iter().all(|u| (0.0..1.0).contains(u))));
    }
}
