//! A safe face for the matrix product of f32, exact or with operands rounded to bfloat16.

#[cfg(target_arch = "x86_64")]
use super::bf16::{self as rounded, Kernel};
use super::precision::{self, Precision};
use super::threads;
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use rayon::prelude::*;
use std::cell::RefCell;

/// A matrix inside a slice: `rows` x `cols`, element (i, j) at `i * row_stride + j * col_stride`.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
    /// This or `row_stride` is 1.
    pub(super) col_stride: usize,
}

impl<'a> View<'a> {
    /// Row-major with `row_stride` elements from one row to the next.
    pub(super) fn new(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(rows == 0 || cols == 0 || (rows - 1) * row_stride + cols <= data.len(), "matrix view out of bounds");
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// Row-major without gaps.
    pub(super) fn dense(data: &'a [f32], rows: usize, cols: usize) -> Self {
        Self::new(data, rows, cols, cols)
    }

    /// The transposed matrix; no element moves.
    pub(super) fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }
}

/// The right side of a product.
#[derive(Clone, Copy)]
pub(super) enum Right<'a> {
    /// As it lies.
    F32(View<'a>),
    /// A weight (outputs, inner), row-major, that is multiplied transposed.
    Weight {
        /// Its elements.
        data: &'a [bf16],
        /// The inner axis of the product.
        inner: usize,
    },
}

impl Right<'_> {
    /// Rows and columns of the right side.
    pub(super) fn dims(&self) -> (usize, usize) {
        match *self {
            Self::F32(view) => (view.rows, view.cols),
            Self::Weight { data, inner } => (inner, data.len() / inner),
        }
    }
}

/// `out = keep * out + scale * lhs @ rhs`, with `out` row-major and `row_stride` elements from row to row.
pub(super) fn multiply(out: &mut [f32], row_stride: usize, keep: bool, scale: f32, lhs: View, rhs: View) {
    let (m, n, k) = (lhs.rows, rhs.cols, lhs.cols);
    assert_eq!(k, rhs.rows, "inner sizes differ");
    assert!(m == 0 || n == 0 || (m - 1) * row_stride + n <= out.len(), "output view out of bounds");
    if precision::current() == Precision::Bf16 && m * n * k >= WORTH_ROUNDING && rounds() {
        return multiply_rounded(out, row_stride, keep, scale, lhs, Right::F32(rhs));
    }
    // SAFETY: the three views were checked against their slices, `out` is borrowed exclusively.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            row_stride as isize,
            keep,
            lhs.data.as_ptr(),
            lhs.col_stride as isize,
            lhs.row_stride as isize,
            rhs.data.as_ptr(),
            rhs.col_stride as isize,
            rhs.row_stride as isize,
            1.0,
            scale,
            false,
            false,
            false,
            threads::parallelism(),
        );
    }
}

/// `out = keep * out + lhs @ weightᵀ` for a weight (outputs, inner) that lies in bfloat16: `out` row-major without gaps.
///
/// Where the processor multiplies bfloat16 the left side is rounded to it; elsewhere the weight is converted.
pub(super) fn multiply_by_bf16(out: &mut [f32], keep: bool, lhs: View, weight: &[bf16]) {
    if rounds() {
        let (inner, outputs) = (lhs.cols, weight.len() / lhs.cols.max(1));
        assert_eq!(inner * outputs, weight.len(), "inner sizes differ");
        return multiply_rounded(out, outputs, keep, 1.0, lhs, Right::Weight { data: weight, inner });
    }
    multiply_by_converted(out, keep, lhs, weight, widen);
}

/// The same for a weight of halves, which is always converted.
pub(super) fn multiply_by_f16(out: &mut [f32], keep: bool, lhs: View, weight: &[f16]) {
    multiply_by_converted(out, keep, lhs, weight, |halves, floats| halves.convert_to_f32_slice(floats));
}

/// Which `half` does, too, but number by number, since it makes every NaN a quiet one.
fn widen(from: &[bf16], to: &mut [f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = f32::from_bits(u32::from(from.to_bits()) << 16);
    }
}

thread_local! {
    /// Room for the converted part of a weight, kept between calls.
    static CONVERTED: RefCell<Vec<f32>> = RefCell::default();
}

/// `out = keep * out + lhs @ weightᵀ`, some outputs after the others, so that what `convert` makes is multiplied while it is in a cache:
/// the memory is asked for half of what the same weight in f32 would take.
fn multiply_by_converted<T: Sync>(
    out: &mut [f32],
    keep: bool,
    lhs: View,
    weight: &[T],
    convert: impl Fn(&[T], &mut [f32]) + Sync,
) {
    /// Numbers of a piece (2 MB): of smaller ones the left side would be packed too often.
    const PIECE: usize = 1 << 19;
    /// Outputs of a piece: below these the product would add up in another order.
    const FEWEST: usize = 128;
    let (rows, inner) = (lhs.rows, lhs.cols);
    let outputs = weight.len() / inner.max(1);
    assert_eq!(inner * outputs, weight.len(), "inner sizes differ");
    assert!(rows * outputs <= out.len(), "output out of bounds");
    if rows == 0 || outputs == 0 {
        return;
    }
    let single = threads::is_single();
    let threads = if single { 1 } else { rayon::current_num_threads() };
    let pieces = weight.len().div_ceil(PIECE).next_multiple_of(threads).min(outputs / FEWEST).max(1);
    let out = Out(out.as_mut_ptr());
    // Nothing below is split over threads, since one that waits for another could begin a second piece.
    let piece = |index: usize| {
        let (start, end) = (index * outputs / pieces, (index + 1) * outputs / pieces);
        CONVERTED.with_borrow_mut(|room| {
            let size = (end - start) * inner;
            if room.len() < size {
                room.resize(size, 0.0);
            }
            convert(&weight[start * inner..end * inner], &mut room[..size]);
            // SAFETY: all three matrices were checked, and no two pieces have a column of `out` in common.
            unsafe {
                gemm::gemm(
                    rows,
                    end - start,
                    inner,
                    out.at(start),
                    1,
                    outputs as isize,
                    keep,
                    lhs.data.as_ptr(),
                    lhs.col_stride as isize,
                    lhs.row_stride as isize,
                    room.as_ptr(),
                    inner as isize,
                    1,
                    1.0,
                    1.0,
                    false,
                    false,
                    false,
                    gemm::Parallelism::None,
                );
            }
        });
    };
    if single { (0..pieces).for_each(piece) } else { (0..pieces).into_par_iter().for_each(piece) }
}

/// Where threads write, each its own part.
pub(super) struct Out(pub(super) *mut f32);

impl Out {
    /// The element `offset` after the first.
    pub(super) fn at(&self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

// SAFETY: a pointer into a slice that outlives the threads, which write apart from one another.
unsafe impl Sync for Out {}

/// Below this many multiplications the product of f32 is as fast.
const WORTH_ROUNDING: usize = 1 << 15;

fn rounds() -> bool {
    rounding_kernel().is_some()
}

/// What multiplies bfloat16 here.
#[cfg(target_arch = "x86_64")]
pub(crate) fn rounding_kernel() -> Option<Kernel> {
    Kernel::best()
}

/// What multiplies bfloat16 here.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn rounding_kernel() -> Option<()> {
    None
}

/// [`multiply`] with operands rounded to bfloat16 and sums in f32.
#[cfg(target_arch = "x86_64")]
fn multiply_rounded(out: &mut [f32], row_stride: usize, keep: bool, scale: f32, lhs: View, rhs: Right) {
    let kernel = Kernel::best().expect("asked for only where the processor rounds");
    rounded::multiply((kernel, threads::is_single()), out, row_stride, (keep, scale), lhs, rhs);
}

#[cfg(not(target_arch = "x86_64"))]
fn multiply_rounded(_: &mut [f32], _: usize, _: bool, _: f32, _: View, _: Right) {
    unreachable!("asked for only where the processor rounds")
}
