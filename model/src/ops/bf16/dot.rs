//! A block of sums by `vdpbf16ps`. The left side lies as pairs with two strides: it is only ever broadcast.

use super::pack::{Strides, first, halves};
use super::{NR, Sink};
use std::arch::x86_64::*;

/// Rows of a tile of sums: 12 x 2 registers of the 32, which leaves room for two of the right side.
const MR: usize = 12;

/// Rows x columns of `c` from a packed left side and a packed panel.
///
/// # Safety
/// The processor has AVX512-BF16; `c` is writable for `rows` of `columns`, `sink.row_stride` apart.
pub(super) unsafe fn block(
    left: &[u32],
    strides: Strides,
    panel: &[u32],
    (rows, columns, inner): (usize, usize, usize),
    c: *mut f32,
    sink: Sink,
) {
    let pairs = inner.div_ceil(2);
    assert!(pairs * NR <= panel.len(), "panel out of bounds");
    for i in (0..rows).step_by(MR) {
        let height = (rows - i).min(MR);
        let a = &left[i * strides.row..];
        assert!((height - 1) * strides.row + (pairs - 1) * strides.pair < a.len(), "left side out of bounds");
        let c = c.wrapping_add(i * sink.row_stride);
        let tile = Tile { a: a.as_ptr(), strides, b: panel.as_ptr(), pairs, c, columns, sink };
        // SAFETY: the caller's promise; the bounds of both sides were just checked.
        unsafe { TILES[height - 1](tile) };
    }
}

/// What a tile reads and writes.
struct Tile {
    a: *const u32,
    strides: Strides,
    /// Pair rows of [`NR`].
    b: *const u32,
    pairs: usize,
    c: *mut f32,
    columns: usize,
    sink: Sink,
}

/// [`tile`] by height less one.
const TILES: [unsafe fn(Tile); MR] = [
    tile::<1>, tile::<2>, tile::<3>, tile::<4>, tile::<5>, tile::<6>, tile::<7>, tile::<8>, tile::<9>, tile::<10>,
    tile::<11>, tile::<12>,
];

/// One tile of `R` rows: all its sums stay in registers.
///
/// # Safety
/// `a` is readable at its strides for `R` rows and `pairs`, `b` for `pairs` rows of [`NR`], `c` for `R` rows of `columns`.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
unsafe fn tile<const R: usize>(Tile { a, strides, b, pairs, c, columns, sink }: Tile) {
    // SAFETY: the caller's promise; columns beyond the last are masked.
    unsafe {
        let mut sums = [[_mm512_setzero_ps(); 2]; R];
        for p in 0..pairs {
            let b = [
                halves(_mm512_loadu_si512(b.add(p * NR).cast())),
                halves(_mm512_loadu_si512(b.add(p * NR + 16).cast())),
            ];
            for (i, sum) in sums.iter_mut().enumerate() {
                let a = halves(_mm512_set1_epi32(a.add(i * strides.row + p * strides.pair).read().cast_signed()));
                for (sum, b) in sum.iter_mut().zip(b) {
                    *sum = _mm512_dpbf16_ps(*sum, a, b);
                }
            }
        }
        let scale = _mm512_set1_ps(sink.scale);
        for (i, sum) in sums.iter().enumerate() {
            for (half, &sum) in sum.iter().enumerate() {
                let c = c.wrapping_add(i * sink.row_stride + 16 * half);
                let mask = first(columns.saturating_sub(16 * half));
                let before = if sink.keep { _mm512_maskz_loadu_ps(mask, c) } else { _mm512_setzero_ps() };
                _mm512_mask_storeu_ps(c, mask, _mm512_fmadd_ps(sum, scale, before));
            }
        }
    }
}
