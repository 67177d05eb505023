//! A safe face for the matrix product of f32, exact or with operands rounded to bfloat16.

#[cfg(target_arch = "x86_64")]
use super::bf16::{self as rounded, Kernel};
use super::precision::{self, Precision};
use super::threads;
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

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
    multiply_by_converted(out, keep, lhs, weight);
}

/// The same for a weight of halves, which is always converted.
pub(super) fn multiply_by_f16(out: &mut [f32], keep: bool, lhs: View, weight: &[f16]) {
    multiply_by_converted(out, keep, lhs, weight);
}

fn multiply_by_converted<T>(out: &mut [f32], keep: bool, lhs: View, weight: &[T])
where
    [T]: HalfFloatSliceExt,
{
    let (inner, outputs) = (lhs.cols, weight.len() / lhs.cols.max(1));
    assert_eq!(inner * outputs, weight.len(), "inner sizes differ");
    let mut converted = vec![0f32; weight.len()];
    weight.convert_to_f32_slice(&mut converted);
    multiply(out, outputs, keep, 1.0, lhs, View::dense(&converted, outputs, inner).t());
}

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
