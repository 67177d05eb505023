//! The matrix product of f32 matrices with operands rounded to bfloat16 and sums kept in f32, by AVX512-BF16's `vdpbf16ps`.
//!
//! Layout: two neighbours along the inner axis make one 32-bit pair, which is what the instruction multiplies and adds. The left side
//! lies as pairs with two strides (it is only ever broadcast); the right side in panels of [`NR`] columns, pair row by pair row.

use super::matmul::{Right, View};
use half::bf16;
use std::arch::x86_64::*;
use std::cell::RefCell;

/// Rows and columns of a tile of sums: 12 x 2 registers of the 32, which leaves room for two of the right side.
const MR: usize = 12;
const NR: usize = 32;
/// Inner pairs of a block: its panel (32 KB) stays in the first-level cache, together with the rows that pass by.
const KC: usize = 256;
/// Rows of a block: its pairs (512 KB) stay in the second-level cache.
const MC: usize = 504;

thread_local! {
    /// Room for a block of the left side and a panel of the right one, kept between calls.
    static ROOM: RefCell<(Vec<u32>, Vec<u32>)> = RefCell::default();
}

/// Whether this processor has what [`multiply`] needs.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512bf16")
}

/// The strides of a block of pairs.
#[derive(Clone, Copy)]
struct Strides {
    row: usize,
    pair: usize,
}

/// `out = keep * out + scale * lhs @ rhs`, with `out` row-major and `row_stride` elements from row to row, on the calling thread.
///
/// # Panics
/// Where [`is_supported`] says no, or `out` is too short.
pub(super) fn multiply(out: &mut [f32], row_stride: usize, keep: bool, scale: f32, lhs: View, rhs: Right) {
    assert!(is_supported(), "the processor multiplies no bfloat16");
    let (m, (k, n)) = (lhs.rows, rhs.dims());
    ROOM.with_borrow_mut(|(left, panel)| {
        left.resize(MC * KC, 0);
        panel.resize(NR * KC, 0);
        for k0 in (0..k).step_by(2 * KC) {
            let inner = Span { start: k0, len: (k - k0).min(2 * KC) };
            let pairs = inner.len.div_ceil(2);
            for m0 in (0..m).step_by(MC) {
                let rows = Span { start: m0, len: (m - m0).min(MC) };
                // SAFETY: the features are there.
                let strides = unsafe { pack_left(left, lhs, rows, inner) };
                for n0 in (0..n).step_by(NR) {
                    let columns = Span { start: n0, len: (n - n0).min(NR) };
                    // SAFETY: the features are there.
                    unsafe { pack_panel(panel, rhs, inner, columns) };
                    for i in (0..rows.len).step_by(MR) {
                        let height = (rows.len - i).min(MR);
                        let c = &mut out[(m0 + i) * row_stride + n0..];
                        assert!((height - 1) * row_stride + columns.len <= c.len(), "output out of bounds");
                        let a = &left[i * strides.row..];
                        assert!(
                            (height - 1) * strides.row + (pairs - 1) * strides.pair < a.len(),
                            "left side out of bounds"
                        );
                        let tile = TILES[height - 1];
                        // SAFETY: the features are there, the bounds of `a` and `c` were just checked, a panel holds KC pair rows.
                        unsafe {
                            tile(Tile {
                                a: a.as_ptr(),
                                strides,
                                b: panel.as_ptr(),
                                pairs,
                                c: c.as_mut_ptr(),
                                row_stride,
                                columns: columns.len,
                                keep: keep || k0 > 0,
                                scale,
                            });
                        }
                    }
                }
            }
        }
    });
}

/// A run of rows or columns.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    len: usize,
}

/// What a tile reads and writes.
struct Tile {
    a: *const u32,
    strides: Strides,
    /// Pair rows of [`NR`].
    b: *const u32,
    pairs: usize,
    c: *mut f32,
    row_stride: usize,
    columns: usize,
    keep: bool,
    scale: f32,
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
unsafe fn tile<const R: usize>(Tile { a, strides, b, pairs, c, row_stride, columns, keep, scale }: Tile) {
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
        let scale = _mm512_set1_ps(scale);
        for (i, sum) in sums.iter().enumerate() {
            for (half, &sum) in sum.iter().enumerate() {
                let c = c.wrapping_add(i * row_stride + 16 * half);
                let mask = first(columns.saturating_sub(16 * half));
                let before = if keep { _mm512_maskz_loadu_ps(mask, c) } else { _mm512_setzero_ps() };
                _mm512_mask_storeu_ps(c, mask, _mm512_fmadd_ps(sum, scale, before));
            }
        }
    }
}

#[inline(always)]
fn halves(x: __m512i) -> __m512bh {
    // SAFETY: two names of the same 512 bits.
    unsafe { std::mem::transmute(x) }
}

/// Sixteen numbers, rounded, in the low halves of sixteen words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn rounded(x: __m512) -> __m512i {
    // SAFETY: two names of the same 256 bits.
    _mm512_cvtepu16_epi32(unsafe { std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(x)) })
}

/// The mask of the first `n` of 16 lanes.
#[inline(always)]
fn first(n: usize) -> __mmask16 {
    ((1u32 << n.min(16)) - 1) as u16
}

/// Rounds a block of the left side to pairs: row after row where rows lie together, pair after pair where columns do.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pack_left(out: &mut [u32], x: View, rows: Span, inner: Span) -> Strides {
    let pairs = inner.len.div_ceil(2);
    if x.col_stride == 1 {
        for i in 0..rows.len {
            let from = &x.data[(rows.start + i) * x.row_stride + inner.start..][..inner.len];
            pairs_of_row(from, &mut out[i * pairs..][..pairs]);
        }
        Strides { row: pairs, pair: 1 }
    } else {
        for p in 0..pairs {
            pairs_of_lines(x.t(), inner, p, rows, &mut out[p * rows.len..][..rows.len]);
        }
        Strides { row: 1, pair: rows.len }
    }
}

/// Makes pairs of a panel of the right side, [`NR`] columns a pair row; those beyond the last are zero.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pack_panel(out: &mut [u32], x: Right, inner: Span, columns: Span) {
    match x {
        Right::F32(x) if x.col_stride == 1 => {
            for p in 0..inner.len.div_ceil(2) {
                let (to, beyond) = out[p * NR..][..NR].split_at_mut(columns.len);
                pairs_of_lines(x, inner, p, columns, to);
                beyond.fill(0);
            }
        }
        Right::F32(x) => pack_lines(out, inner, columns, |j, p0| {
            let line = &x.data[j * x.col_stride + inner.start..][..inner.len];
            let mut pairs = [0; 16];
            pairs_of_row(&line[2 * p0..inner.len.min(2 * p0 + 32)], &mut pairs);
            // SAFETY: sixteen words.
            unsafe { _mm512_loadu_si512(pairs.as_ptr().cast()) }
        }),
        Right::Weight { data, inner: length } => pack_lines(out, inner, columns, |j, p0| {
            let line: &[bf16] = &data[j * length + inner.start..][2 * p0..inner.len.min(2 * p0 + 32)];
            // SAFETY: masked to the slice's length.
            unsafe { _mm512_maskz_loadu_epi16(((1u64 << line.len()) - 1) as u32, line.as_ptr().cast()) }
        }),
    }
}

/// Packs a panel whose columns are the lines of what is stored: `pairs(j, p)` gives sixteen pairs of line `j` from pair `p` of the
/// span on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pack_lines(out: &mut [u32], inner: Span, columns: Span, pairs: impl Fn(usize, usize) -> __m512i) {
    let count = inner.len.div_ceil(2);
    for half in [0, 16] {
        for p0 in (0..count).step_by(16) {
            let mut square = [_mm512_setzero_si512(); 16];
            for (j, row) in square.iter_mut().enumerate().take(columns.len.saturating_sub(half)) {
                *row = pairs(columns.start + half + j, p0);
            }
            for (p, row) in (p0..count).zip(transposed(square)) {
                let to = &mut out[p * NR + half..][..16];
                // SAFETY: sixteen words.
                unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), row) };
            }
        }
    }
}

/// Neighbours in a row become pairs; a last one alone has zero beside it.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pairs_of_row(from: &[f32], to: &mut [u32]) {
    for (from, to) in from.chunks(32).zip(to.chunks_mut(16)) {
        let (low, high) = (first(from.len()), first(from.len().saturating_sub(16)));
        // SAFETY: masked to the slices' lengths.
        unsafe {
            let low = _mm512_maskz_loadu_ps(low, from.as_ptr());
            let high = _mm512_maskz_loadu_ps(high, from.as_ptr().wrapping_add(16));
            let pairs = std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low));
            _mm512_mask_storeu_epi32(to.as_mut_ptr().cast(), first(to.len()), pairs);
        }
    }
}

/// Numbers above one another in rows 2 p and 2 p + 1 of a span become pairs; a last row alone has zeros below it.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pairs_of_lines(x: View, inner: Span, p: usize, columns: Span, to: &mut [u32]) {
    let line = |i: usize| &x.data[(inner.start + i) * x.row_stride + columns.start..][..columns.len];
    let low = line(2 * p);
    let high = if 2 * p + 1 < inner.len { line(2 * p + 1) } else { &[] };
    for (j, to) in to.chunks_mut(16).enumerate() {
        let mask = first(to.len());
        // SAFETY: masked to the slices' lengths.
        unsafe {
            let low = rounded(_mm512_maskz_loadu_ps(mask, low[16 * j..].as_ptr()));
            let high = match high {
                [] => _mm512_setzero_si512(),
                high => rounded(_mm512_maskz_loadu_ps(mask, high[16 * j..].as_ptr())),
            };
            let pairs = _mm512_or_si512(low, _mm512_slli_epi32::<16>(high));
            _mm512_mask_storeu_epi32(to.as_mut_ptr().cast(), mask, pairs);
        }
    }
}

/// Transposes 16 x 16 words.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(x: [__m512i; 16]) -> [__m512i; 16] {
    let zero = _mm512_setzero_si512();
    let (mut a, mut b) = ([zero; 16], [zero; 16]);
    for i in 0..8 {
        a[2 * i] = _mm512_unpacklo_epi32(x[2 * i], x[2 * i + 1]);
        a[2 * i + 1] = _mm512_unpackhi_epi32(x[2 * i], x[2 * i + 1]);
    }
    for i in 0..4 {
        for j in 0..2 {
            b[4 * i + 2 * j] = _mm512_unpacklo_epi64(a[4 * i + j], a[4 * i + 2 + j]);
            b[4 * i + 2 * j + 1] = _mm512_unpackhi_epi64(a[4 * i + j], a[4 * i + 2 + j]);
        }
    }
    // b[4 i + c] holds, in its four 128-bit lanes, column 4 l + c of rows 4 i to 4 i + 3.
    for i in 0..2 {
        for c in 0..4 {
            a[8 * i + c] = _mm512_shuffle_i32x4::<0x88>(b[8 * i + c], b[8 * i + 4 + c]);
            a[8 * i + 4 + c] = _mm512_shuffle_i32x4::<0xdd>(b[8 * i + c], b[8 * i + 4 + c]);
        }
    }
    // a[8 i + c] holds columns c and 8 + c, a[8 i + 4 + c] columns 4 + c and 12 + c, of rows 8 i to 8 i + 7.
    for c in 0..4 {
        b[c] = _mm512_shuffle_i32x4::<0x88>(a[c], a[8 + c]);
        b[8 + c] = _mm512_shuffle_i32x4::<0xdd>(a[c], a[8 + c]);
        b[4 + c] = _mm512_shuffle_i32x4::<0x88>(a[4 + c], a[12 + c]);
        b[12 + c] = _mm512_shuffle_i32x4::<0xdd>(a[4 + c], a[12 + c]);
    }
    b
}
