//! The matrix product of f32 matrices with operands rounded to bfloat16 and sums kept in f32, by what the processor has: AMX's tile
//! products, or AVX512-BF16's `vdpbf16ps`.
//!
//! Layout: two neighbours along the inner axis make one 32-bit pair, which is what both instructions multiply and add. The right side
//! lies in panels of [`NR`] columns, pair row by pair row; how the left side lies is the kernel's.

mod dot;
mod pack;
mod tiles;

use super::matmul::{Out, Right, View};
use rayon::prelude::*;
use std::cell::RefCell;
use std::sync::LazyLock;

/// Columns of a panel.
const NR: usize = 32;
/// Rows of a block: its pairs (at most 1.2 MB) stay in the second-level cache.
const MC: usize = 512;

thread_local! {
    /// Room for a block of the left side and a panel of the right one, kept between calls.
    static ROOM: RefCell<(Vec<u32>, Vec<u32>)> = RefCell::default();
}

/// What multiplies. The two add up in different orders, so their results differ in the last bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// AVX512-BF16, tiles of 12 x 32 sums in registers.
    Dot,
    /// AMX-BF16, tiles of 32 x 32 sums in its own.
    Tiles,
}

impl Kernel {
    /// The fastest that this processor has, and that the operating system lets us use.
    pub(crate) fn best() -> Option<Self> {
        static BEST: LazyLock<Option<Kernel>> =
            LazyLock::new(|| [Kernel::Tiles, Kernel::Dot].into_iter().find(|kernel| kernel.is_supported()));
        *BEST
    }

    /// Inner pairs of a block. A panel of 256 (32 KB) stays in the first-level cache, together with the rows that pass by; tiles multiply so
    /// fast that reading and writing the sums once more costs more than a panel of the second level.
    fn pairs(self) -> usize {
        match self {
            Self::Dot => 256,
            Self::Tiles => 576,
        }
    }

    /// Whether [`multiply`] may be called with it.
    pub(super) fn is_supported(self) -> bool {
        let rounds = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512bf16");
        match self {
            Self::Dot => rounds,
            Self::Tiles => rounds && tiles::are_supported(),
        }
    }
}

/// A run of rows or columns.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    len: usize,
}

impl Span {
    /// Itself in runs of `len`, the last one shorter.
    fn cut(self, len: usize) -> impl Iterator<Item = Self> {
        let end = self.start + self.len;
        (self.start..end).step_by(len).map(move |start| Self { start, len: (end - start).min(len) })
    }
}

/// Where a block of sums goes: `c = keep * c + scale * sums`, row-major.
#[derive(Clone, Copy)]
struct Sink {
    row_stride: usize,
    keep: bool,
    scale: f32,
}

/// `out = keep * out + scale * lhs @ rhs`, with `out` row-major and `row_stride` elements from row to row; over the cores where that is
/// worth it and not `single`, by rows where there are blocks of them for each, else by columns: no sum is split.
///
/// # Panics
/// Where the processor has no such kernel, or `out` is too short.
pub(super) fn multiply(
    (kernel, single): (Kernel, bool),
    out: &mut [f32],
    row_stride: usize,
    (keep, scale): (bool, f32),
    lhs: View,
    rhs: Right,
) {
    /// Products a thread: fewer are not worth a second one.
    const WORTH: usize = 1 << 21;
    assert!(kernel.is_supported(), "no {kernel:?} here");
    let (m, (k, n)) = (lhs.rows, rhs.dims());
    assert_eq!(k, lhs.cols, "inner sizes differ");
    if m == 0 || n == 0 {
        return;
    }
    assert!(n <= row_stride && (m - 1) * row_stride + n <= out.len(), "output out of bounds");
    let threads = if single { 1 } else { rayon::current_num_threads().min(m * n * k / WORTH).max(1) };
    let out = Out(out.as_mut_ptr());
    let sink = Sink { row_stride, keep, scale };
    let (all_rows, all_columns) = (Span { start: 0, len: m }, Span { start: 0, len: n });
    let parts: Vec<(Span, Span)> = if m >= threads * MC {
        all_rows.cut(m.div_ceil(threads).next_multiple_of(NR)).map(|rows| (rows, all_columns)).collect()
    } else {
        all_columns.cut(n.div_ceil(threads).next_multiple_of(NR)).map(|columns| (all_rows, columns)).collect()
    };
    // SAFETY: `out` was checked, and no two parts have an element in common.
    let part = |&(rows, columns): &(Span, Span)| unsafe { part(kernel, &out, sink, lhs, rhs, rows, columns) };
    match &parts[..] {
        [whole] => part(whole),
        parts => parts.par_iter().for_each(part),
    }
}

/// Some rows and columns of the product, on the calling thread.
///
/// # Safety
/// `out` holds them, and nobody else reads or writes them meanwhile.
unsafe fn part(kernel: Kernel, out: &Out, sink: Sink, lhs: View, rhs: Right, rows: Span, columns: Span) {
    let _configured = (kernel == Kernel::Tiles).then(tiles::Configured::new);
    ROOM.with_borrow_mut(|(left, panel)| {
        let pairs = kernel.pairs();
        left.resize(MC * pairs, 0);
        panel.resize(NR * pairs, 0);
        for rows in rows.cut(MC) {
            for inner in (Span { start: 0, len: lhs.cols }).cut(2 * pairs) {
                let sink = Sink { keep: sink.keep || inner.start > 0, ..sink };
                // SAFETY: the features are there.
                let strides = unsafe {
                    match kernel {
                        Kernel::Dot => Some(pack::left(left, lhs, rows, inner)),
                        Kernel::Tiles => {
                            pack::left_tiles(left, lhs, rows, inner);
                            None
                        }
                    }
                };
                for some in columns.cut(NR) {
                    let size = (rows.len, some.len, inner.len);
                    let c = out.at(rows.start * sink.row_stride + some.start);
                    // SAFETY: the features are there, tiles are configured, both sides are packed for the kernel; `c` is the caller's
                    // promise.
                    unsafe {
                        pack::panel(panel, rhs, inner, some);
                        match strides {
                            Some(strides) => dot::block(left, strides, panel, size, c, sink),
                            None => tiles::block(left, panel, size, c, sink),
                        }
                    }
                }
            }
        }
    });
}
