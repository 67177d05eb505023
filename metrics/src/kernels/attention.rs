//! Multi-head attention over ragged batches: `softmax(Q Kᵀ / √w) V` a head, without padding and so without masks.

use std::ops::Range;

use candle_core::{D, Result, Tensor, bail};
use rayon::prelude::*;

use super::math::{exp, max, sum_by};
use super::product::{View, multiply_alone};
use super::slices::{is_cpu_f32, with_slices};

/// Which rows of the queries look at which rows of the keys.
#[derive(Clone, Debug)]
pub(crate) struct Segments(Vec<(Range<usize>, Range<usize>)>);

impl Segments {
    /// Sequences of these lengths, each over itself.
    pub(crate) fn own(lengths: &[usize]) -> Self {
        Self(ranges(lengths).map(|range| (range.clone(), range)).collect())
    }

    /// Sequences of these lengths, all over the same `keys` rows.
    pub(crate) fn shared(lengths: &[usize], keys: usize) -> Self {
        Self(ranges(lengths).map(|range| (range, 0..keys)).collect())
    }

    /// One query row a sequence over all of that sequence's rows.
    pub(crate) fn one_each(lengths: &[usize]) -> Self {
        Self(ranges(lengths).enumerate().map(|(i, range)| (i..i + 1, range)).collect())
    }
}

fn ranges(lengths: &[usize]) -> impl Iterator<Item = Range<usize>> {
    lengths.iter().scan(0, |start, &length| {
        *start += length;
        Some(*start - length..*start)
    })
}

/// Queries whose probabilities one thread holds at a time: 128 x 901 x 4 bytes stay in a core's own cache.
const BLOCK: usize = 128;

/// A block of one head's result and where it belongs.
struct Piece {
    rows: Range<usize>,
    head: usize,
    values: Vec<f32>,
}

/// Columns of a tensor (T, …) from this one on, as many as the attention is wide; packed projections need no copy.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a>(pub(crate) &'a Tensor, pub(crate) usize);

/// How wide the attention is, and in how many heads.
#[derive(Clone, Copy)]
pub(crate) struct Width {
    pub(crate) dims: usize,
    pub(crate) heads: usize,
}

/// Attention of q (T, D) over k and v (S, D), D split into heads of width w, scaled by 1/√w → (T, D).
///
/// A row's bits do not depend on the other segments.
pub(crate) fn attend(q: Columns, k: Columns, v: Columns, width: Width, segments: &Segments) -> Result<Tensor> {
    let Width { dims: d, heads } = width;
    let (t, s) = (q.0.dim(0)?, k.0.dim(0)?.min(v.0.dim(0)?));
    let mut strides = [0; 3];
    for (stride, Columns(x, first)) in strides.iter_mut().zip([q, k, v]) {
        *stride = x.dim(1)?;
        if !d.is_multiple_of(heads) || first + d > *stride {
            bail!("attention {d} wide in {heads} heads over columns {first}.. of {:?}", x.shape());
        }
    }
    if segments.0.iter().any(|(queries, keys)| queries.end > t || keys.end > s || keys.is_empty()) {
        bail!("attention segments exceed {t} queries or {s} keys");
    }
    if !is_cpu_f32(q.0) {
        return composed([q, k, v], width, segments);
    }
    let width = d / heads;
    let scale = (width as f32).sqrt().recip();
    let firsts = [q.1, k.1, v.1];
    let out = with_slices([q.0, k.0, v.0], |slices| {
        let mut tasks = Vec::new();
        for (queries, keys) in &segments.0 {
            for start in queries.clone().step_by(BLOCK) {
                let rows = start..(start + BLOCK).min(queries.end);
                tasks.extend((0..heads).map(|head| (rows.clone(), keys.clone(), head)));
            }
        }
        let work = |(rows, keys, head): (Range<usize>, Range<usize>, usize)| {
            let part = |which: usize, rows: &Range<usize>| {
                let stride = strides[which];
                let start = rows.start * stride + firsts[which] + head * width;
                View::new(&slices[which][start..], rows.len(), width, stride)
            };
            let (n, m) = (rows.len(), keys.len());
            let mut p = vec![0f32; n * m];
            multiply_alone(&mut p, m, false, scale, part(0, &rows), part(1, &keys).t());
            let mut inverses = Vec::with_capacity(n);
            for row in p.chunks_exact_mut(m) {
                let max = max(row);
                row.iter_mut().for_each(|x| *x = exp(*x - max));
                inverses.push(sum_by(row, |x| x).recip());
            }
            let mut values = vec![0f32; n * width];
            multiply_alone(&mut values, width, false, 1.0, View::dense(&p, n, m), part(2, &keys));
            for (row, inverse) in values.chunks_exact_mut(width).zip(inverses) {
                row.iter_mut().for_each(|x| *x *= inverse);
            }
            Piece { rows, head, values }
        };
        let pieces: Vec<Piece> = tasks.into_par_iter().map(work).collect();
        let mut out = vec![0f32; t * d];
        for piece in pieces {
            for (row, values) in piece.rows.zip(piece.values.chunks_exact(width)) {
                out[row * d + piece.head * width..][..width].copy_from_slice(values);
            }
        }
        out
    })?;
    Tensor::from_vec(out, (t, d), q.0.device())
}

fn composed([q, k, v]: [Columns; 3], Width { dims: d, heads }: Width, segments: &Segments) -> Result<Tensor> {
    let split = |Columns(x, first): Columns, rows: &Range<usize>| {
        let part = x.narrow(0, rows.start, rows.len())?.narrow(1, first, d)?;
        part.reshape((rows.len(), heads, d / heads))?.transpose(0, 1)?.contiguous() // (A, N, D/A)
    };
    let mut parts = Vec::with_capacity(segments.0.len());
    for (queries, keys) in &segments.0 {
        let logits = (split(q, queries)?.matmul(&split(k, keys)?.t()?)? * ((d / heads) as f64).powf(-0.5))?;
        let mixed = candle_nn::ops::softmax(&logits, D::Minus1)?.matmul(&split(v, keys)?)?; // (A, N, D/A)
        parts.push(mixed.transpose(0, 1)?.reshape((queries.len(), d))?);
    }
    Tensor::cat(&parts, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn filled(rows: usize, cols: usize, phase: f64) -> Tensor {
        let values: Vec<f32> = (0..rows * cols).map(|i| ((i as f64 * 1.618_034 + phase).sin() * 1.3) as f32).collect();
        Tensor::from_vec(values, (rows, cols), &Device::Cpu).unwrap()
    }

    #[test]
    fn equals_candles_operations_for_every_kind_of_segments() {
        for (t, s, segments) in [
            (131, 131, Segments::own(&[131])),
            (5, 5, Segments::own(&[2, 3])),
            (5, 7, Segments::shared(&[2, 3], 7)),
            (2, 5, Segments::one_each(&[2, 3])),
        ] {
            let (q, k, v) = (filled(t, 22, 0.1), filled(s, 22, 0.2), filled(s, 22, 0.3));
            let (q, k, v) = (Columns(&q, 0), Columns(&k, 1), Columns(&v, 2));
            let width = Width { dims: 20, heads: 2 };
            let (fused, plain) = (attend(q, k, v, width, &segments), composed([q, k, v], width, &segments));
            let apart = (fused.unwrap() - plain.unwrap()).unwrap().abs().unwrap().max_all().unwrap();
            assert!(apart.to_scalar::<f32>().unwrap() < 1e-6, "{segments:?}");
        }
    }

    #[test]
    fn segments_beyond_the_rows_are_an_error() {
        let x = filled(3, 4, 0.0);
        let all = Columns(&x, 0);
        let segments = Segments::own(&[2, 2]);
        assert!(attend(all, all, all, Width { dims: 4, heads: 2 }, &segments).is_err());
        assert!(attend(all, all, all, Width { dims: 4, heads: 3 }, &Segments::own(&[3])).is_err());
        assert!(attend(all, all, Columns(&x, 1), Width { dims: 4, heads: 2 }, &Segments::own(&[3])).is_err());
    }
}
