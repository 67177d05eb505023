//! The parts of Inception v3 as FID has them.

use candle_core::{Result as Candle, Tensor};

use crate::error::MetricError;
use crate::kernels::{Conv, Window, average_pool, max_pool};
use crate::weights::TensorSource;

/// Shape of a convolution: output channels, kernel, stride, zeros on each side.
#[derive(Clone, Copy)]
pub(super) struct Shape(pub(super) usize, pub(super) (usize, usize), pub(super) usize, pub(super) (usize, usize));

/// Added to the variance by torchvision's `BasicConv2d`.
const EPS: f64 = 1e-3;

/// `BasicConv2d`: a convolution without bias, a batch normalisation with fixed statistics folded into it, a rectifier.
pub(super) fn conv(
    source: &dyn TensorSource,
    name: &str,
    channels: usize,
    Shape(out, (kh, kw), stride, padding): Shape,
) -> Result<Conv, MetricError> {
    let weight = source.tensor(&format!("{name}.conv.weight"), &[out, channels, kh, kw])?;
    let of = |part: &str| source.tensor(&format!("{name}.bn.{part}"), &[out]);
    let (gain, offset, mean, variance) = (of("weight")?, of("bias")?, of("running_mean")?, of("running_var")?);
    source.ignored(&format!("{name}.bn.num_batches_tracked"), &[]);
    // In f64, so that folding costs one rounding.
    let fold = || {
        let wide = |t: &Tensor| t.to_dtype(candle_core::DType::F64);
        let scale = (wide(&gain)? / (wide(&variance)? + EPS)?.sqrt()?)?;
        let folded = wide(&weight)?.broadcast_mul(&scale.reshape((out, 1, 1, 1))?)?;
        let bias = (wide(&offset)? - (wide(&mean)? * scale)?)?;
        let narrow = |t: Tensor| t.to_dtype(candle_core::DType::F32);
        Ok(Conv::new(narrow(folded)?, narrow(bias)?, stride, padding))
    };
    fold().map_err(|source| MetricError::Network { network: "fid-inception".to_owned(), source })
}

/// Convolutions one after the other, then some side by side.
struct Branch {
    stem: Vec<Conv>,
    fork: Vec<Conv>,
}

/// What the last branch does before its convolution.
#[derive(Clone, Copy)]
enum Pooling {
    /// 3 x 3 mean over what lies inside: FID's patch of torchvision's blocks A, C and the first E.
    Average,
    /// 3 x 3 maximum: FID's patch of the second E, thought to be an error of the original graph.
    Max,
    /// 3 x 3 maximum, stride 2.
    Halving,
}

/// Branches side by side, their channels joined in order, pooling last.
pub(super) struct Mixed {
    branches: Vec<Branch>,
    pooling: Pooling,
    branch_pool: Option<Conv>,
    out: usize,
}

/// Builds a block: names its convolutions, counts its channels.
struct Builder<'a> {
    source: &'a dyn TensorSource,
    name: &'a str,
    channels: usize,
    mixed: Mixed,
}

const ONE: (usize, usize) = (1, 1);
const NONE: (usize, usize) = (0, 0);

/// A convolution that keeps the size.
fn same(out: usize, kernel: (usize, usize)) -> Shape {
    Shape(out, kernel, 1, (kernel.0 / 2, kernel.1 / 2))
}

fn halving(out: usize) -> Shape {
    Shape(out, (3, 3), 2, NONE)
}

impl<'a> Builder<'a> {
    fn new(source: &'a dyn TensorSource, name: &'a str, channels: usize, pooling: Pooling) -> Self {
        let out = if let Pooling::Halving = pooling { channels } else { 0 };
        Self { source, name, channels, mixed: Mixed { branches: Vec::new(), pooling, branch_pool: None, out } }
    }

    /// `stem` in a row, then `fork` side by side.
    fn branch(mut self, stem: &[(&str, Shape)], fork: &[(&str, Shape)]) -> Result<Self, MetricError> {
        let mut channels = self.channels;
        let load = |(part, shape): &(&str, Shape), channels| {
            conv(self.source, &format!("{}.{part}", self.name), channels, *shape)
        };
        let mut branch = Branch { stem: Vec::new(), fork: Vec::new() };
        for part in stem {
            branch.stem.push(load(part, channels)?);
            channels = part.1.0;
        }
        for part in fork {
            branch.fork.push(load(part, channels)?);
        }
        self.mixed.out += if fork.is_empty() { channels } else { fork.iter().map(|part| part.1.0).sum() };
        self.mixed.branches.push(branch);
        Ok(self)
    }

    fn pool(mut self, out: usize) -> Result<Mixed, MetricError> {
        let name = format!("{}.branch_pool", self.name);
        self.mixed.branch_pool = Some(conv(self.source, &name, self.channels, same(out, ONE))?);
        self.mixed.out += out;
        Ok(self.mixed)
    }
}

impl Mixed {
    /// 35 x 35.
    pub(super) fn a(source: &dyn TensorSource, name: &str, channels: usize, pool: usize) -> Result<Self, MetricError> {
        Builder::new(source, name, channels, Pooling::Average)
            .branch(&[("branch1x1", same(64, ONE))], &[])?
            .branch(&[("branch5x5_1", same(48, ONE)), ("branch5x5_2", same(64, (5, 5)))], &[])?
            .branch(
                &[
                    ("branch3x3dbl_1", same(64, ONE)),
                    ("branch3x3dbl_2", same(96, (3, 3))),
                    ("branch3x3dbl_3", same(96, (3, 3))),
                ],
                &[],
            )?
            .pool(pool)
    }

    /// 35 x 35 to 17 x 17.
    pub(super) fn b(source: &dyn TensorSource, name: &str, channels: usize) -> Result<Self, MetricError> {
        let double =
            [("branch3x3dbl_1", same(64, ONE)), ("branch3x3dbl_2", same(96, (3, 3))), ("branch3x3dbl_3", halving(96))];
        let builder = Builder::new(source, name, channels, Pooling::Halving);
        Ok(builder.branch(&[("branch3x3", halving(384))], &[])?.branch(&double, &[])?.mixed)
    }

    /// 17 x 17, `inner` channels inside.
    pub(super) fn c(source: &dyn TensorSource, name: &str, channels: usize, inner: usize) -> Result<Self, MetricError> {
        let (row, column) = ((1, 7), (7, 1));
        Builder::new(source, name, channels, Pooling::Average)
            .branch(&[("branch1x1", same(192, ONE))], &[])?
            .branch(
                &[
                    ("branch7x7_1", same(inner, ONE)),
                    ("branch7x7_2", same(inner, row)),
                    ("branch7x7_3", same(192, column)),
                ],
                &[],
            )?
            .branch(
                &[
                    ("branch7x7dbl_1", same(inner, ONE)),
                    ("branch7x7dbl_2", same(inner, column)),
                    ("branch7x7dbl_3", same(inner, row)),
                    ("branch7x7dbl_4", same(inner, column)),
                    ("branch7x7dbl_5", same(192, row)),
                ],
                &[],
            )?
            .pool(192)
    }

    /// 17 x 17 to 8 x 8.
    pub(super) fn d(source: &dyn TensorSource, name: &str, channels: usize) -> Result<Self, MetricError> {
        let seven = [
            ("branch7x7x3_1", same(192, ONE)),
            ("branch7x7x3_2", same(192, (1, 7))),
            ("branch7x7x3_3", same(192, (7, 1))),
            ("branch7x7x3_4", halving(192)),
        ];
        let three = [("branch3x3_1", same(192, ONE)), ("branch3x3_2", halving(320))];
        let builder = Builder::new(source, name, channels, Pooling::Halving);
        Ok(builder.branch(&three, &[])?.branch(&seven, &[])?.mixed)
    }

    /// 8 x 8; the `last` one takes a maximum where the others take a mean.
    pub(super) fn e(source: &dyn TensorSource, name: &str, channels: usize, last: bool) -> Result<Self, MetricError> {
        let (row, column) = (same(384, (1, 3)), same(384, (3, 1)));
        Builder::new(source, name, channels, if last { Pooling::Max } else { Pooling::Average })
            .branch(&[("branch1x1", same(320, ONE))], &[])?
            .branch(&[("branch3x3_1", same(384, ONE))], &[("branch3x3_2a", row), ("branch3x3_2b", column)])?
            .branch(
                &[("branch3x3dbl_1", same(448, ONE)), ("branch3x3dbl_2", same(384, (3, 3)))],
                &[("branch3x3dbl_3a", row), ("branch3x3dbl_3b", column)],
            )?
            .pool(192)
    }

    /// Channels of the result.
    pub(super) fn channels(&self) -> usize {
        self.out
    }

    /// x (B, C, H, W) → (B, channels, H', W').
    pub(super) fn forward(&self, x: &Tensor) -> Candle<Tensor> {
        let mut parts = Vec::new();
        for branch in &self.branches {
            let mut y = x.clone();
            for conv in &branch.stem {
                y = conv.forward(&y)?;
            }
            if branch.fork.is_empty() {
                parts.push(y);
            } else {
                for conv in &branch.fork {
                    parts.push(conv.forward(&y)?);
                }
            }
        }
        let keeping = Window { kernel: (3, 3), stride: 1, padding: (1, 1) };
        let pooled = match self.pooling {
            Pooling::Average => average_pool(x, keeping)?,
            Pooling::Max => max_pool(x, keeping)?,
            Pooling::Halving => max_pool(x, Window { stride: 2, padding: NONE, ..keeping })?,
        };
        parts.push(match &self.branch_pool {
            Some(conv) => conv.forward(&pooled)?,
            None => pooled,
        });
        Tensor::cat(&parts, 1)
    }
}
