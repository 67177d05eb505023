//! Counter-based random numbers: a draw depends on (key, counter) alone, so neither thread count nor order can change it.

/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let (mut c, mut k) = (counter, key);
    for _ in 0..10 {
        let left = u64::from(c[0]) * 0xD251_1F53;
        let right = u64::from(c[2]) * 0xCD9E_8D57;
        c = [(right >> 32) as u32 ^ c[1] ^ k[0], right as u32, (left >> 32) as u32 ^ c[3] ^ k[1], left as u32];
        k = [k[0].wrapping_add(0x9E37_79B9), k[1].wrapping_add(0xBB67_AE85)];
    }
    c
}

/// Maps a uniform 32-bit word to `0..bound` by multiplication. The bias is at most `bound / 2³²`, below 1e-6 for any suite.
pub fn below(word: u32, bound: u32) -> u32 {
    ((u64::from(word) * u64::from(bound)) >> 32) as u32
}

/// A stable number for a name (FNV-1a, 64 bits), to give each stratum draws of its own.
pub fn stream_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The three known answers of the authors' Random123 distribution (`kat_vectors`, philox4x32 10 rounds).
    #[test]
    fn philox_gives_the_known_answers() {
        assert_eq!(philox4x32([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        let ones = u32::MAX;
        assert_eq!(philox4x32([ones; 4], [ones; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox4x32([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0]),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn below_covers_its_range_and_stays_in_it() {
        assert_eq!((below(0, 7), below(u32::MAX, 7)), (0, 6));
        assert_eq!(below(u32::MAX / 2 + 1, 2), 1);
    }

    /// FNV-1a test vectors of its authors.
    #[test]
    fn streams_are_fnv1a() {
        assert_eq!(stream_of(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(stream_of("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(stream_of("foobar"), 0x8594_4171_f739_67e8);
    }
}
