//! The product of f32 activations with a weight (outputs, inner) that lies in f32 or bfloat16, for AVX2 and FMA.
//!
//! Goto and van de Geijn's scheme ("Anatomy of high-performance matrix multiplication", 2008). The activations are packed once, in
//! panels of [`MR`] rows; each task takes [`NC`] outputs, whose weights it packs block by block into its core's second-level cache.
//! That is where bfloat16 becomes f32, so that the whole weight never exists in f32 and is read from memory at half the size.
//! Sums run along the inner axis in one order, whatever the number of threads or rows.

use half::bf16;
use rayon::prelude::*;
use std::arch::x86_64::*;
use std::cell::RefCell;

/// Rows and columns of a tile of sums: 12 of the 16 registers, beside two of the weights and one of the activations.
const MR: usize = 6;
const NR: usize = 16;
/// Inner elements of a block at most, and outputs of a task: 80 KB of packed weights.
const KC: usize = 320;
const NC: usize = 64;
/// Rows whose packed activations stay in the third-level cache.
const MC: usize = 1020;
/// Up to so many rows the weights are not worth packing: they are multiplied as they pass by.
const FEW: usize = 4;

thread_local! {
    /// Room for a block of weights, kept between calls.
    static BLOCK: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Whether this processor has what [`multiply`] needs.
pub(super) fn is_supported() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// A weight (outputs, inner), row-major.
#[derive(Clone, Copy)]
pub(super) enum Weight<'a> {
    F32(&'a [f32]),
    Bf16(&'a [bf16]),
}

impl Weight<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F32(data) => data.len(),
            Self::Bf16(data) => data.len(),
        }
    }
}

/// `out = keep * out + x @ weightᵀ` for x (rows, inner) and out (rows, outputs), both without gaps; over the cores by outputs where
/// `parallel`.
///
/// # Panics
/// Where [`is_supported`] says no, or a length is wrong.
pub(super) fn multiply(out: &mut [f32], keep: bool, x: &[f32], inner: usize, weight: Weight, parallel: bool) {
    assert!(is_supported(), "the processor has no AVX2");
    if inner == 0 || x.is_empty() {
        return;
    }
    let (rows, outputs) = (x.len() / inner, weight.len() / inner);
    assert_eq!((rows * inner, outputs * inner, rows * outputs), (x.len(), weight.len(), out.len()), "sizes differ");
    let target = Target { data: out.as_mut_ptr(), outputs };
    if rows <= FEW {
        let task = |start: usize| {
            // SAFETY: the features are there; each task writes outputs of its own.
            unsafe { pass_by(target, keep, x, inner, weight, start, (outputs - start).min(NC)) }
        };
        return each(outputs.div_ceil(NC), parallel, |i| task(i * NC));
    }
    let blocks = inner.div_ceil(KC);
    let depth = inner.div_ceil(blocks);
    let mut packed = vec![0f32; rows.min(MC).div_ceil(MR) * MR * inner];
    for start in (0..rows).step_by(MC) {
        let rows = (rows - start).min(MC);
        let x = &x[start * inner..][..rows * inner];
        let panels = |(i, panel): (usize, &mut [f32])| pack_rows(panel, &x[i * MR * inner..], inner);
        let packed = &mut packed[..rows.div_ceil(MR) * MR * inner];
        if parallel {
            packed.par_chunks_mut(MR * inner).enumerate().for_each(panels);
        } else {
            packed.chunks_mut(MR * inner).enumerate().for_each(panels);
        }
        let task = |first: usize| {
            let columns = (outputs - first).min(NC);
            BLOCK.with_borrow_mut(|block| {
                block.resize(NC * KC, 0.0);
                for k in (0..inner).step_by(depth) {
                    let depth = (inner - k).min(depth);
                    // SAFETY: the features are there; the block has room for NC columns of KC.
                    unsafe { pack_weight(block, weight, inner, (k, depth), (first, columns)) };
                    for (panel, i) in packed.chunks_exact(MR * inner).zip((0..rows).step_by(MR)) {
                        for j in (0..columns).step_by(NR) {
                            let tile = Tile {
                                a: panel[k * MR..][..depth * MR].as_ptr(),
                                b: block[j * depth..][..depth * NR].as_ptr(),
                                depth,
                                rows: (rows - i).min(MR),
                                columns: (columns - j).min(NR),
                                keep: keep || k > 0,
                            };
                            // SAFETY: the features are there; the tile lies within `out`, and in no other task's columns.
                            unsafe { tile.write(target, start + i, first + j) };
                        }
                    }
                }
            });
        };
        each(outputs.div_ceil(NC), parallel, |i| task(i * NC));
    }
}

fn each(count: usize, parallel: bool, task: impl Fn(usize) + Sync + Send) {
    if parallel {
        (0..count).into_par_iter().for_each(task);
    } else {
        (0..count).for_each(task);
    }
}

/// Where tasks write, each its own columns.
#[derive(Clone, Copy)]
struct Target {
    data: *mut f32,
    outputs: usize,
}

// SAFETY: tasks write disjoint columns of a slice that outlives them.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

/// Interleaves up to [`MR`] rows, element by element; rows beyond the last are zero.
fn pack_rows(panel: &mut [f32], x: &[f32], inner: usize) {
    let mut rows: [&[f32]; MR] = [&[]; MR];
    for (row, from) in rows.iter_mut().zip(x.chunks_exact(inner)) {
        *row = from;
    }
    for (k, to) in panel.as_chunks_mut::<MR>().0.iter_mut().enumerate() {
        for (to, row) in to.iter_mut().zip(rows) {
            *to = row.get(k).copied().unwrap_or(0.0);
        }
    }
}

/// Packs `columns` outputs from `first` on, their inner elements from `k` on, in panels of [`NR`] outputs, element by element.
///
/// # Safety
/// The processor has AVX2.
#[target_feature(enable = "avx2,fma")]
unsafe fn pack_weight(
    block: &mut [f32],
    weight: Weight,
    inner: usize,
    (k, depth): (usize, usize),
    (first, columns): (usize, usize),
) {
    for j in (0..columns).step_by(NR) {
        let panel = &mut block[j * depth..][..depth * NR];
        for half in [0, 8] {
            let mut from = 0;
            while from < depth {
                let mut square = [_mm256_setzero_ps(); 8];
                let width = (depth - from).min(8);
                for (i, row) in square.iter_mut().enumerate() {
                    let output = first + j + half + i;
                    if output < first + columns {
                        *row = eight(weight, output * inner + k + from, width);
                    }
                }
                for (i, row) in transposed(square).into_iter().enumerate().take(width) {
                    let to = &mut panel[(from + i) * NR + half..][..8];
                    // SAFETY: eight elements.
                    unsafe { _mm256_storeu_ps(to.as_mut_ptr(), row) };
                }
                from += 8;
            }
        }
    }
}

/// Up to eight elements from `at` on as f32; those beyond `width` are zero.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn eight(weight: Weight, at: usize, width: usize) -> __m256 {
    match weight {
        Weight::F32(data) => {
            let from = &data[at..][..width];
            if width == 8 {
                // SAFETY: eight elements.
                return unsafe { _mm256_loadu_ps(from.as_ptr()) };
            }
            let mut room = [0f32; 8];
            room[..width].copy_from_slice(from);
            // SAFETY: eight elements.
            unsafe { _mm256_loadu_ps(room.as_ptr()) }
        }
        Weight::Bf16(data) => {
            let from = &data[at..][..width];
            // SAFETY: eight elements of sixteen bits.
            let widened = |from: *const bf16| unsafe { widened(_mm_loadu_si128(from.cast())) };
            if width == 8 {
                return widened(from.as_ptr());
            }
            let mut room = [bf16::ZERO; 8];
            room[..width].copy_from_slice(from);
            widened(room.as_ptr())
        }
    }
}

/// bfloat16 is the upper half of f32.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn widened(halves: __m128i) -> __m256 {
    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(halves)))
}

/// Transposes 8 x 8.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn transposed(x: [__m256; 8]) -> [__m256; 8] {
    let mut a = x;
    for i in 0..4 {
        a[2 * i] = _mm256_unpacklo_ps(x[2 * i], x[2 * i + 1]);
        a[2 * i + 1] = _mm256_unpackhi_ps(x[2 * i], x[2 * i + 1]);
    }
    let mut b = a;
    for i in 0..2 {
        let [c, d, e, f] = [a[4 * i], a[4 * i + 1], a[4 * i + 2], a[4 * i + 3]];
        b[4 * i] = _mm256_shuffle_ps::<0x44>(c, e);
        b[4 * i + 1] = _mm256_shuffle_ps::<0xee>(c, e);
        b[4 * i + 2] = _mm256_shuffle_ps::<0x44>(d, f);
        b[4 * i + 3] = _mm256_shuffle_ps::<0xee>(d, f);
    }
    for i in 0..4 {
        a[i] = _mm256_permute2f128_ps::<0x20>(b[i], b[4 + i]);
        a[4 + i] = _mm256_permute2f128_ps::<0x31>(b[i], b[4 + i]);
    }
    a
}

/// What a tile of sums reads.
struct Tile {
    /// `depth` times [`MR`].
    a: *const f32,
    /// `depth` times [`NR`].
    b: *const f32,
    depth: usize,
    rows: usize,
    columns: usize,
    keep: bool,
}

impl Tile {
    /// Computes the tile whose first element is (row, column) of the target: all its sums stay in registers.
    ///
    /// # Safety
    /// The processor has AVX2 and FMA, `a` and `b` are readable, and the tile's rows and columns are the caller's alone.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn write(self, target: Target, row: usize, column: usize) {
        let Self { mut a, mut b, depth, rows, columns, keep } = self;
        // SAFETY: the caller's promise; columns beyond the last go through `room`.
        unsafe {
            let mut sums = [[_mm256_setzero_ps(); 2]; MR];
            for _ in 0..depth {
                let right = [_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(8))];
                for (i, sum) in sums.iter_mut().enumerate() {
                    let left = _mm256_broadcast_ss(&*a.add(i));
                    sum[0] = _mm256_fmadd_ps(left, right[0], sum[0]);
                    sum[1] = _mm256_fmadd_ps(left, right[1], sum[1]);
                }
                (a, b) = (a.add(MR), b.add(NR));
            }
            for (i, sum) in sums.into_iter().enumerate().take(rows) {
                let to = target.data.add((row + i) * target.outputs + column);
                if columns == NR {
                    for (half, mut sum) in sum.into_iter().enumerate() {
                        let to = to.add(8 * half);
                        if keep {
                            sum = _mm256_add_ps(sum, _mm256_loadu_ps(to));
                        }
                        _mm256_storeu_ps(to, sum);
                    }
                } else {
                    let mut room = [0f32; NR];
                    _mm256_storeu_ps(room.as_mut_ptr(), sum[0]);
                    _mm256_storeu_ps(room.as_mut_ptr().add(8), sum[1]);
                    for (j, sum) in room.into_iter().enumerate().take(columns) {
                        let to = to.add(j);
                        *to = if keep { *to + sum } else { sum };
                    }
                }
            }
        }
    }
}

/// The outputs from `first` on for a few rows: each weight is read once and never stored.
///
/// # Safety
/// The processor has AVX2 and FMA, and the columns are the caller's alone.
#[target_feature(enable = "avx2,fma")]
unsafe fn pass_by(target: Target, keep: bool, x: &[f32], inner: usize, weight: Weight, first: usize, columns: usize) {
    let rows = x.len() / inner;
    for output in first..first + columns {
        let mut sums = [[_mm256_setzero_ps(); 2]; FEW];
        let mut k = 0;
        while k < inner {
            let width = (inner - k).min(16);
            let halves = [width.min(8), width.saturating_sub(8)];
            for (half, &width) in halves.iter().enumerate().filter(|(_, width)| **width > 0) {
                let k = k + 8 * half;
                let right = eight(weight, output * inner + k, width);
                for (sum, x) in sums.iter_mut().zip(x.chunks_exact(inner)) {
                    let left = eight(Weight::F32(x), k, width);
                    sum[half] = _mm256_fmadd_ps(left, right, sum[half]);
                }
            }
            k += 16;
        }
        for (row, sum) in sums.into_iter().enumerate().take(rows) {
            let mut lanes = [0f32; 8];
            // SAFETY: eight elements; the caller's promise.
            unsafe {
                _mm256_storeu_ps(lanes.as_mut_ptr(), _mm256_add_ps(sum[0], sum[1]));
                let to = target.data.add(row * target.outputs + output);
                let sum: f32 = lanes.iter().sum();
                *to = if keep { *to + sum } else { sum };
            }
        }
    }
}
