//! Multi-head attention, `softmax(scale · Q Kᵀ + bias) V` a head, without materialising the probabilities of a batch.

use super::math::{dot, exp, sum};
use super::matmul::{View, multiply};
use super::storage::{is_cpu_f32, slice, with_slices};
use super::threads::for_each_chunk;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, D, DType, Layout, Result, Shape, Tensor, bail};

/// Attention of q (B, N, D) over k and v (B, M, D) with D split into `heads`.
///
/// `bias` is added to the logits; its shape broadcasts to (B, heads, N, M), and a forbidden pair holds a large negative
/// *finite* number (-1e30). A bias that is itself trained takes a slower path of candle's own operations.
pub fn attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    heads: usize,
    scale: f64,
    bias: Option<&Tensor>,
) -> Result<Tensor> {
    if !is_cpu_f32(q) || bias.is_some_and(Tensor::track_op) {
        return composed(q, k, v, heads, scale, bias);
    }
    let op = Attention::new(q.dims3()?, k.dim(1)?, heads, scale, bias)?;
    q.contiguous()?.apply_op3(&k.contiguous()?, &v.contiguous()?, op)
}

/// [`attention`] over packed keys and values: q (B·T, N, D), kv (B, M, 2D), scale 1/√(D/heads). Each T consecutive sequences of
/// queries, such as the frames of a clip, share keys, values and bias (which broadcasts to (B, heads, N, M)).
pub fn cross_attention(q: &Tensor, kv: &Tensor, heads: usize, bias: Option<&Tensor>) -> Result<Tensor> {
    let (bt, n, d) = q.dims3()?;
    let b = kv.dim(0)?;
    if b == 0 || !bt.is_multiple_of(b) {
        bail!("{bt} sequences of queries do not share {b} of keys");
    }
    let scale = ((d / heads) as f64).powf(-0.5);
    if !is_cpu_f32(q) {
        let (k, v) = (kv.narrow(D::Minus1, 0, d)?, kv.narrow(D::Minus1, d, d)?);
        let y = composed(&q.reshape((b, bt / b * n, d))?, &k, &v, heads, scale, bias)?;
        return y.reshape((bt, n, d));
    }
    let op = Attention { sharing: bt / b, ..Attention::new((b, n, d), kv.dim(1)?, heads, scale, bias)? };
    q.contiguous()?.apply_op2(&kv.contiguous()?, op)
}

/// [`attention`] of a sequence over itself: qkv (B, N, 3D), scale 1/√(D/heads).
pub fn self_attention(qkv: &Tensor, heads: usize, bias: Option<&Tensor>) -> Result<Tensor> {
    let (b, n, d3) = qkv.dims3()?;
    let d = d3 / 3;
    let scale = ((d / heads) as f64).powf(-0.5);
    if !is_cpu_f32(qkv) {
        let part = |i: usize| qkv.narrow(D::Minus1, i * d, d);
        return composed(&part(0)?, &part(1)?, &part(2)?, heads, scale, bias);
    }
    let op = Attention::new((b, n, d), n, heads, scale, bias)?;
    qkv.contiguous()?.apply_op1(op)
}

/// What [`cross_attention`] weights its values with, q (B, N, D), kv (B, M, 2D) → (B, heads, N, M): for looking at, at every head's expense.
pub fn cross_probabilities(q: &Tensor, kv: &Tensor, heads: usize, bias: Option<&Tensor>) -> Result<Tensor> {
    let d = q.dim(D::Minus1)?;
    probabilities(q, &kv.narrow(D::Minus1, 0, d)?, heads, ((d / heads) as f64).powf(-0.5), bias)
}

/// x (B, N, D) → (B, A, N, D/A).
fn split(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (b, n, d) = x.dims3()?;
    x.reshape((b, n, heads, d / heads))?.transpose(1, 2)?.contiguous()
}

fn probabilities(q: &Tensor, k: &Tensor, heads: usize, scale: f64, bias: Option<&Tensor>) -> Result<Tensor> {
    // Sums of many small numbers, and what no pair may reach, need more than halves hold.
    let logits = (split(q, heads)?.matmul(&split(k, heads)?.t()?)?.to_dtype(DType::F32)? * scale)?;
    let logits = bias.map_or(Ok(logits.clone()), |bias| logits.broadcast_add(&bias.to_dtype(DType::F32)?))?;
    candle_nn::ops::softmax(&logits, D::Minus1)?.to_dtype(q.dtype())
}

/// candle's flash attention where it applies: on an NVIDIA GPU, in halves, where nothing is hidden and no gradient is wanted, which it has none of.
#[cfg(feature = "flash-attn")]
fn flash(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, scale: f64) -> Result<Option<Tensor>> {
    /// Widths of a head that it has kernels for.
    const WIDEST: usize = 256;
    let width = q.dim(D::Minus1)? / heads;
    let halves = matches!(q.dtype(), DType::BF16 | DType::F16);
    let tracked = [q, k, v].iter().any(|x| x.track_op());
    if !q.device().is_cuda() || !halves || tracked || width > WIDEST || !width.is_multiple_of(8) {
        return Ok(None);
    }
    let apart = |x: &Tensor| {
        let (b, n, _) = x.dims3()?;
        x.reshape((b, n, heads, width))
    };
    let y = candle_flash_attn::flash_attn(&apart(q)?, &apart(k)?, &apart(v)?, scale as f32, false)?;
    y.reshape(q.shape()).map(Some)
}

fn composed(q: &Tensor, k: &Tensor, v: &Tensor, heads: usize, scale: f64, bias: Option<&Tensor>) -> Result<Tensor> {
    #[cfg(feature = "flash-attn")]
    if bias.is_none()
        && let Some(y) = flash(q, k, v, heads, scale)?
    {
        return Ok(y);
    }
    let probabilities = probabilities(q, k, heads, scale, bias)?;
    probabilities.matmul(&split(v, heads)?)?.transpose(1, 2)?.reshape(q.shape()) // (B, A, N, D/A) -> (B, N, D)
}

/// Logit offsets with the strides of a broadcast to (B, heads, N, M).
struct Bias {
    data: Vec<f32>,
    strides: [usize; 3],
}

impl Bias {
    fn new(bias: &Tensor, shape: [usize; 4]) -> Result<Self> {
        let dims = match *bias.dims() {
            [b, h, n, m] => [b, h, n, m],
            _ => bail!("attention bias {:?} does not have four axes", bias.shape()),
        };
        if dims[3] != shape[3] || dims.iter().zip(&shape).any(|(have, want)| have != want && *have != 1) {
            bail!("attention bias {dims:?} does not broadcast to {shape:?}");
        }
        let data = bias.contiguous()?.flatten_all()?.to_vec1::<f32>()?;
        let stride = |axis: usize| if dims[axis] == 1 { 0 } else { dims[axis + 1..].iter().product() };
        Ok(Self { data, strides: [stride(0), stride(1), stride(2)] })
    }

    fn row(&self, index: [usize; 3], m: usize) -> &[f32] {
        let start: usize = index.iter().zip(self.strides).map(|(i, stride)| i * stride).sum();
        &self.data[start..start + m]
    }
}

struct Attention {
    n: usize,
    m: usize,
    d: usize,
    heads: usize,
    scale: f32,
    bias: Option<Bias>,
    /// Sequences of queries to one of keys.
    sharing: usize,
}

/// Rows of one operand: its elements from the first used column on, and the distance from row to row.
#[derive(Clone, Copy)]
struct Rows<'a>(&'a [f32], usize);

impl<'a> Rows<'a> {
    fn head(self, batch: usize, head: usize, rows: usize, width: usize) -> View<'a> {
        View::new(&self.0[batch * rows * self.1 + head * width..], rows, width, self.1)
    }
}

/// Gradients of one head: (N, W), (M, W), (M, W) with W = D / heads.
struct HeadGradient {
    dq: Vec<f32>,
    dk: Vec<f32>,
    dv: Vec<f32>,
}

impl Attention {
    fn new(
        (b, n, d): (usize, usize, usize),
        m: usize,
        heads: usize,
        scale: f64,
        bias: Option<&Tensor>,
    ) -> Result<Self> {
        if !d.is_multiple_of(heads) {
            bail!("width {d} does not split into {heads} heads");
        }
        let bias = bias.map(|bias| Bias::new(bias, [b, heads, n, m])).transpose()?;
        Ok(Self { n, m, d, heads, scale: scale as f32, bias, sharing: 1 })
    }

    fn width(&self) -> usize {
        self.d / self.heads
    }

    /// probabilities (N, M) of one head.
    fn probabilities(&self, p: &mut [f32], batch: usize, head: usize, q: View, k: View) {
        multiply(p, self.m, false, self.scale, q, k.t());
        for (i, row) in p.chunks_exact_mut(self.m).enumerate() {
            if let Some(bias) = &self.bias {
                row.iter_mut().zip(bias.row([batch / self.sharing, head, i], self.m)).for_each(|(x, bias)| *x += bias);
            }
            let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            row.iter_mut().for_each(|x| *x = exp(*x - max));
            let inverse = 1.0 / sum(row);
            row.iter_mut().for_each(|x| *x *= inverse);
        }
    }

    fn forward(&self, q: Rows, k: Rows, v: Rows, batches: usize) -> Vec<f32> {
        let (n, m, d, w) = (self.n, self.m, self.d, self.width());
        let mut out = vec![0f32; batches * n * d];
        for_each_chunk(&mut out, n * d, |b, out| {
            let mut p = vec![0f32; n * m];
            for h in 0..self.heads {
                let shared = b / self.sharing;
                self.probabilities(&mut p, b, h, q.head(b, h, n, w), k.head(shared, h, m, w));
                multiply(&mut out[h * w..], d, false, 1.0, View::dense(&p, n, m), v.head(shared, h, m, w));
            }
        });
        out
    }

    /// dP = dO Vᵀ; dS = P ∘ (dP - rowsum(dO ∘ O)); dQ = scale dS K; dK = scale dSᵀ Q; dV = Pᵀ dO.
    fn backward(&self, q: Rows, k: Rows, v: Rows, out: &[f32], dout: &[f32], at: (usize, usize)) -> HeadGradient {
        let (n, m, d, w) = (self.n, self.m, self.d, self.width());
        let (b, h) = at;
        let shared = b / self.sharing;
        let (q, k, v) = (q.head(b, h, n, w), k.head(shared, h, m, w), v.head(shared, h, m, w));
        let dout_view = Rows(dout, d).head(b, h, n, w);
        let (mut p, mut ds) = (vec![0f32; n * m], vec![0f32; n * m]);
        self.probabilities(&mut p, b, h, q, k);
        multiply(&mut ds, m, false, 1.0, dout_view, v.t());
        let mut gradient = HeadGradient { dq: vec![0.0; n * w], dk: vec![0.0; m * w], dv: vec![0.0; m * w] };
        multiply(&mut gradient.dv, w, false, 1.0, View::dense(&p, n, m).t(), dout_view);
        for (i, (ds, p)) in ds.chunks_exact_mut(m).zip(p.chunks_exact(m)).enumerate() {
            let start = (b * n + i) * d + h * w;
            let delta = dot(&out[start..start + w], &dout[start..start + w]);
            ds.iter_mut().zip(p).for_each(|(ds, p)| *ds = p * (*ds - delta));
        }
        let ds = View::dense(&ds, n, m);
        multiply(&mut gradient.dq, w, false, self.scale, ds, k);
        multiply(&mut gradient.dk, w, false, self.scale, ds.t(), q);
        gradient
    }

    /// Adds a head's rows to column `column` of batch `b` of a tensor whose rows are `stride` wide.
    fn scatter(&self, into: &mut [f32], stride: usize, column: usize, rows: &[f32], (b, h): (usize, usize)) {
        let w = self.width();
        let count = rows.len() / w;
        for (i, row) in rows.chunks_exact(w).enumerate() {
            let into = &mut into[(b * count + i) * stride + column + h * w..][..w];
            into.iter_mut().zip(row).for_each(|(into, value)| *into += value);
        }
    }
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "self-attention"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, d) = (layout.dims()[0], self.d);
        let qkv = slice(qkv, layout)?;
        let out = self.forward(Rows(qkv, 3 * d), Rows(&qkv[d..], 3 * d), Rows(&qkv[2 * d..], 3 * d), b);
        Ok((CpuStorage::F32(out), (b, self.n, d).into()))
    }

    fn bwd(&self, qkv: &Tensor, out: &Tensor, dout: &Tensor) -> Result<Option<Tensor>> {
        let (batches, d) = (qkv.dim(0)?, self.d);
        let dqkv = with_slices([qkv, out, dout], |[qkv, out, dout]| {
            let (q, k, v) = (Rows(qkv, 3 * d), Rows(&qkv[d..], 3 * d), Rows(&qkv[2 * d..], 3 * d));
            let mut dqkv = vec![0f32; qkv.len()];
            for at in (0..batches).flat_map(|b| (0..self.heads).map(move |h| (b, h))) {
                let gradient = self.backward(q, k, v, out, dout, at);
                self.scatter(&mut dqkv, 3 * d, 0, &gradient.dq, at);
                self.scatter(&mut dqkv, 3 * d, d, &gradient.dk, at);
                self.scatter(&mut dqkv, 3 * d, 2 * d, &gradient.dv, at);
            }
            dqkv
        })?;
        Ok(Some(Tensor::from_vec(dqkv, qkv.shape(), qkv.device())?))
    }
}

impl CustomOp2 for Attention {
    fn name(&self) -> &'static str {
        "cross-attention"
    }

    fn cpu_fwd(&self, q: &CpuStorage, lq: &Layout, kv: &CpuStorage, lkv: &Layout) -> Result<(CpuStorage, Shape)> {
        let d = self.d;
        let (q, kv) = (slice(q, lq)?, slice(kv, lkv)?);
        let out = self.forward(Rows(q, d), Rows(kv, 2 * d), Rows(&kv[d..], 2 * d), lq.dims()[0]);
        Ok((CpuStorage::F32(out), lq.shape().clone()))
    }

    fn bwd(&self, q: &Tensor, kv: &Tensor, out: &Tensor, dout: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (batches, d) = (q.dim(0)?, self.d);
        let (dq, dkv) = with_slices([q, kv, out, dout], |[q, kv, out, dout]| {
            let (mut dq, mut dkv) = (vec![0f32; q.len()], vec![0f32; kv.len()]);
            let rows = (Rows(q, d), Rows(kv, 2 * d), Rows(&kv[d..], 2 * d));
            for at in (0..batches).flat_map(|b| (0..self.heads).map(move |h| (b, h))) {
                let gradient = self.backward(rows.0, rows.1, rows.2, out, dout, at);
                self.scatter(&mut dq, d, 0, &gradient.dq, at);
                let shared = (at.0 / self.sharing, at.1);
                self.scatter(&mut dkv, 2 * d, 0, &gradient.dk, shared);
                self.scatter(&mut dkv, 2 * d, d, &gradient.dv, shared);
            }
            (dq, dkv)
        })?;
        Ok((Some(Tensor::from_vec(dq, q.shape(), q.device())?), Some(Tensor::from_vec(dkv, kv.shape(), kv.device())?)))
    }
}

impl CustomOp3 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        lq: &Layout,
        k: &CpuStorage,
        lk: &Layout,
        v: &CpuStorage,
        lv: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let d = self.d;
        let (q, k, v) = (slice(q, lq)?, slice(k, lk)?, slice(v, lv)?);
        let out = self.forward(Rows(q, d), Rows(k, d), Rows(v, d), lq.dims()[0]);
        Ok((CpuStorage::F32(out), lq.shape().clone()))
    }

    fn bwd(
        &self,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
        out: &Tensor,
        dout: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (batches, d) = (q.dim(0)?, self.d);
        let gradients = with_slices([q, k, v, out, dout], |[q, k, v, out, dout]| {
            let mut gradients = [vec![0f32; q.len()], vec![0f32; k.len()], vec![0f32; v.len()]];
            let rows = (Rows(q, d), Rows(k, d), Rows(v, d));
            for at in (0..batches).flat_map(|b| (0..self.heads).map(move |h| (b, h))) {
                let gradient = self.backward(rows.0, rows.1, rows.2, out, dout, at);
                for (into, rows) in gradients.iter_mut().zip([&gradient.dq, &gradient.dk, &gradient.dv]) {
                    self.scatter(into, d, 0, rows, at);
                }
            }
            gradients
        })?;
        let [dq, dk, dv] = gradients;
        Ok((
            Some(Tensor::from_vec(dq, q.shape(), q.device())?),
            Some(Tensor::from_vec(dk, k.shape(), k.device())?),
            Some(Tensor::from_vec(dv, v.shape(), v.device())?),
        ))
    }
}
