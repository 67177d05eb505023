//! The text's way into the backbone, once a prompt.

use candle_core::{DType, Result, Tensor};

/// One encoder's output for a batch of texts.
#[derive(Clone, Debug)]
pub struct TextInput {
    /// Token states (B, L, W).
    pub tokens: Tensor,
    /// 1 where a token may be attended to, 0 at a pad: (B, L), u8.
    pub mask: Tensor,
    /// Pooled text (B, P).
    pub pooled: Tensor,
}

/// Everything of the forward pass that depends on the text alone: computed once a prompt, used at every step.
#[derive(Clone, Debug)]
pub struct TextContext {
    /// Of each block that attends to text: keys and values (B, L, 2D).
    pub(super) keys_values: Vec<Option<Tensor>>,
    /// Of each encoder: 0 or -1e30, (B, 1, 1, L).
    pub(super) biases: Vec<Tensor>,
    /// Aggregated text for adaLN (B, D).
    pub(super) pooled: Tensor,
}

impl TextContext {
    /// Stacks contexts along the batch; all of one backbone and of equal lengths L.
    ///
    /// # Errors
    /// Where shapes differ.
    pub fn cat(contexts: &[&Self]) -> Result<Self> {
        let Some(first) = contexts.first() else { candle_core::bail!("no text to stack") };
        let cat =
            |pick: &dyn Fn(&Self) -> Tensor| Tensor::cat(&contexts.iter().map(|c| pick(c)).collect::<Vec<_>>(), 0);
        let keys_values = (0..first.keys_values.len())
            .map(|i| match &first.keys_values[i] {
                None => Ok(None),
                Some(_) => {
                    let parts: Vec<&Tensor> = contexts.iter().filter_map(|c| c.keys_values[i].as_ref()).collect();
                    Tensor::cat(&parts, 0).map(Some)
                }
            })
            .collect::<Result<_>>()?;
        let biases = (0..first.biases.len()).map(|i| cat(&|c| c.biases[i].clone())).collect::<Result<_>>()?;
        Ok(Self { keys_values, biases, pooled: cat(&|c| c.pooled.clone())? })
    }

    /// The context of one text of the batch, as a batch of one.
    ///
    /// # Errors
    /// Where `index` is beyond the batch.
    pub fn row(&self, index: usize) -> Result<Self> {
        let row = |t: &Tensor| t.narrow(0, index, 1)?.contiguous();
        Ok(Self {
            keys_values: self.keys_values.iter().map(|kv| kv.as_ref().map(row).transpose()).collect::<Result<_>>()?,
            biases: self.biases.iter().map(row).collect::<Result<_>>()?,
            pooled: row(&self.pooled)?,
        })
    }
}

/// Additive form of a mask: (B, L) of 0 and 1 → (B, 1, 1, L) of -1e30 and 0.
pub(crate) fn mask_to_bias(mask: &Tensor) -> Result<Tensor> {
    let (b, l) = mask.dims2()?;
    mask.to_dtype(DType::F32)?.affine(1e30, -1e30)?.reshape((b, 1, 1, l))
}
