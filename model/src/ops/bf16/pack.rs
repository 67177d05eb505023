//! Rounding to pairs: how both sides are laid out for the kernels.

use super::tiles::STEP;
use super::{NR, Right, Span, View};
use half::bf16;
use std::arch::x86_64::*;

/// The strides of a block of pairs.
#[derive(Clone, Copy)]
pub(super) struct Strides {
    pub(super) row: usize,
    pub(super) pair: usize,
}

#[inline(always)]
pub(super) fn halves(x: __m512i) -> __m512bh {
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
pub(super) fn first(n: usize) -> __mmask16 {
    ((1u32 << n.min(16)) - 1) as u16
}

/// Rounds a block of the left side to pairs: row after row where rows lie together, pair after pair where columns do.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn left(out: &mut [u32], x: View, rows: Span, inner: Span) -> Strides {
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

/// The same as tiles of 16 rows x [`STEP`] pairs, those of the same rows one after another, filled with zeros to whole [`STEP`]s.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn left_tiles(out: &mut [u32], x: View, rows: Span, inner: Span) {
    let (pairs, steps) = (inner.len.div_ceil(2), inner.len.div_ceil(2 * STEP));
    for (i0, tiles) in (0..rows.len).step_by(16).zip(out.chunks_mut(16 * STEP * steps)) {
        let some = Span { start: rows.start + i0, len: (rows.len - i0).min(16) };
        for (step, tile) in tiles.chunks_mut(16 * STEP).enumerate() {
            if x.col_stride == 1 {
                for (i, row) in tile.chunks_mut(STEP).enumerate().take(some.len) {
                    let from = &x.data[(some.start + i) * x.row_stride + inner.start..][..inner.len];
                    pairs_of_row(&from[2 * STEP * step..inner.len.min(2 * STEP * (step + 1))], row);
                }
            } else {
                let mut square = [_mm512_setzero_si512(); 16];
                for (p, line) in (STEP * step..pairs).zip(&mut square) {
                    *line = pairs_of_some(x.t(), inner, p, some);
                }
                for (row, line) in tile.chunks_mut(STEP).zip(transposed(square)).take(some.len) {
                    // SAFETY: sixteen words.
                    unsafe { _mm512_storeu_si512(row.as_mut_ptr().cast(), line) };
                }
            }
        }
    }
}

/// Makes pairs of a panel of the right side, [`NR`] columns a pair row; those beyond the last, and pair rows up to whole [`STEP`]s, are
/// zero.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn panel(out: &mut [u32], x: Right, inner: Span, columns: Span) {
    let pairs = inner.len.div_ceil(2);
    out[pairs * NR..pairs.next_multiple_of(STEP) * NR].fill(0);
    match x {
        Right::F32(x) if x.col_stride == 1 => {
            for p in 0..pairs {
                let (to, beyond) = out[p * NR..][..NR].split_at_mut(columns.len);
                pairs_of_lines(x, inner, p, columns, to);
                beyond.fill(0);
            }
        }
        Right::F32(x) => lines(out, inner, columns, |j, p0| {
            let line = &x.data[j * x.col_stride + inner.start..][..inner.len];
            let mut pairs = [0; 16];
            pairs_of_row(&line[2 * p0..inner.len.min(2 * p0 + 32)], &mut pairs);
            // SAFETY: sixteen words.
            unsafe { _mm512_loadu_si512(pairs.as_ptr().cast()) }
        }),
        Right::Weight { data, inner: length } => lines(out, inner, columns, |j, p0| {
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
fn lines(out: &mut [u32], inner: Span, columns: Span, pairs: impl Fn(usize, usize) -> __m512i) {
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

/// Neighbours in a row become pairs; a last one alone has zero beside it, and words beyond the last are zero.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pairs_of_row(from: &[f32], to: &mut [u32]) {
    for (i, to) in to.chunks_mut(16).enumerate() {
        let from = &from[from.len().min(32 * i)..];
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
    for (j, to) in to.chunks_mut(16).enumerate() {
        let pairs = pairs_of_some(x, inner, p, Span { start: columns.start + 16 * j, len: to.len() });
        // SAFETY: masked to the slice's length.
        unsafe { _mm512_mask_storeu_epi32(to.as_mut_ptr().cast(), first(to.len()), pairs) };
    }
}

/// At most sixteen of them; words beyond the last are zero.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn pairs_of_some(x: View, inner: Span, p: usize, columns: Span) -> __m512i {
    let mask = first(columns.len);
    let line = |i: usize| {
        let line = &x.data[(inner.start + i) * x.row_stride + columns.start..][..columns.len];
        // SAFETY: masked to the slice's length.
        rounded(unsafe { _mm512_maskz_loadu_ps(mask, line.as_ptr()) })
    };
    let low = line(2 * p);
    if 2 * p + 1 < inner.len { _mm512_or_si512(low, _mm512_slli_epi32::<16>(line(2 * p + 1))) } else { low }
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
