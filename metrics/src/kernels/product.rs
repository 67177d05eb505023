//! A safe face for the f32 matrix product.

/// A matrix inside a slice: `rows` x `cols`, element (i, j) at `i * row_stride + j * col_stride`.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> View<'a> {
    /// Row-major with `row_stride` elements from one row to the next.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(rows == 0 || cols == 0 || (rows - 1) * row_stride + cols <= data.len(), "matrix view out of bounds");
        Self { data, rows, cols, row_stride, col_stride: 1 }
    }

    /// Row-major without gaps.
    pub(crate) fn dense(data: &'a [f32], rows: usize, cols: usize) -> Self {
        Self::new(data, rows, cols, cols)
    }

    /// The transposed matrix; no element moves.
    pub(crate) fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, row_stride: self.col_stride, col_stride: self.row_stride, ..self }
    }
}

/// `out = keep * out + scale * lhs @ rhs` over all cores, `out` row-major with `row_stride` elements from row to row.
pub(crate) fn multiply(out: &mut [f32], row_stride: usize, keep: bool, scale: f32, lhs: View, rhs: View) {
    product(out, row_stride, keep, scale, (lhs, rhs), gemm::Parallelism::Rayon(0));
}

/// [`multiply`] on the calling thread alone.
pub(crate) fn multiply_alone(out: &mut [f32], row_stride: usize, keep: bool, scale: f32, lhs: View, rhs: View) {
    product(out, row_stride, keep, scale, (lhs, rhs), gemm::Parallelism::None);
}

fn product(
    out: &mut [f32],
    row_stride: usize,
    keep: bool,
    scale: f32,
    (lhs, rhs): (View, View),
    parallelism: gemm::Parallelism,
) {
    let (m, n, k) = (lhs.rows, rhs.cols, lhs.cols);
    assert_eq!(k, rhs.rows, "inner sizes differ");
    assert!(m == 0 || n == 0 || (m - 1) * row_stride + n <= out.len(), "output view out of bounds");
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
            parallelism,
        );
    }
}
