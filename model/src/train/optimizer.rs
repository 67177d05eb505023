//! AdamW with a global gradient norm and a moving average of the weights.

use super::recipe::Optimisation;
use crate::ops::flushing_subnormals;
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor, Var};
use half::f16;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// One parameter with what the optimiser remembers of it; all four vectors have the parameter's size.
pub(super) struct Slot {
    pub(super) name: String,
    pub(super) var: Var,
    pub(super) value: Vec<f32>,
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
    pub(super) average: Vec<f32>,
    gradient: Vec<f32>,
}

/// AdamW (Loshchilov & Hutter 2019) over named parameters.
pub(super) struct Optimizer {
    pub(super) slots: Vec<Slot>,
}

const EPSILON: f32 = 1e-8;

impl Optimizer {
    pub(super) fn new(vars: BTreeMap<String, Var>) -> Result<Self> {
        let slot = |(name, var): (String, Var)| {
            let value = var.as_tensor().to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
            let zeros = vec![0f32; value.len()];
            let (first, second, gradient) = (zeros.clone(), zeros.clone(), zeros);
            Ok(Slot { name, var, average: value.clone(), value, first, second, gradient })
        };
        Ok(Self { slots: vars.into_iter().map(slot).collect::<Result<_>>()? })
    }

    /// Sums the micro-batches' mean gradients into the batch's mean; returns its global norm.
    ///
    /// A parameter without a gradient is an error: candle drops gradients silently where an operation has no backward.
    pub(super) fn collect(&mut self, stores: &[GradStore]) -> Result<f64> {
        let share = 1.0 / stores.len() as f32;
        let squares: Vec<Result<f64>> = self
            .slots
            .par_iter_mut()
            .map(|slot| {
                slot.gradient.fill(0.0);
                for store in stores {
                    let Some(gradient) = store.get(&slot.var) else {
                        candle_core::bail!("parameter {} got no gradient", slot.name)
                    };
                    let gradient = gradient.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
                    slot.gradient.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += share * g);
                }
                Ok(slot.gradient.iter().map(|&g| f64::from(g) * f64::from(g)).sum())
            })
            .collect();
        Ok(squares.into_iter().sum::<Result<f64>>()?.sqrt())
    }

    /// Takes weights and their average from an exported file; the moments stay empty.
    pub(super) fn begin_at(&mut self, path: &Path) -> Result<()> {
        let exported = candle_core::safetensors::load(path, &Device::Cpu)?;
        for slot in &mut self.slots {
            let Some(tensor) = exported.get(&slot.name).filter(|tensor| tensor.dims() == slot.var.dims()) else {
                candle_core::bail!("{} has no {} of shape {:?}", path.display(), slot.name, slot.var.dims())
            };
            slot.value = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
            slot.average.clone_from(&slot.value);
            slot.publish()?;
        }
        Ok(())
    }

    /// Takes over the weights of an exported file that have a parameter's name and shape, and of tables whose number of rows is that
    /// of `rows` those rows that it names.
    ///
    /// Fails where there are none: such a file is of another kind of network.
    pub(super) fn take_over(&mut self, path: &Path, rows: &[Option<usize>]) -> Result<()> {
        let exported = candle_core::safetensors::load(path, &Device::Cpu)?;
        let mut taken = 0;
        for slot in &mut self.slots {
            let Some(tensor) = exported.get(&slot.name) else { continue };
            let values = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
            match (slot.var.dims(), tensor.dims()) {
                (new, old) if new == old && old.first() != Some(&rows.len()) => slot.value = values,
                (&[n, width], &[_, old_width]) if n == rows.len() && width == old_width => {
                    for (to, from) in slot.value.chunks_exact_mut(width).zip(rows) {
                        if let Some(from) = from.and_then(|row| values.chunks_exact(width).nth(row)) {
                            to.copy_from_slice(from);
                        }
                    }
                }
                _ => continue,
            }
            slot.average.clone_from(&slot.value);
            slot.publish()?;
            taken += 1;
        }
        if taken == 0 {
            candle_core::bail!("{} has no tensor of this network: it cannot begin there", path.display());
        }
        Ok(())
    }

    /// One update with the collected gradient, cut to the recipe's norm. The moments have been gathered since step `restart`.
    pub(super) fn step(&mut self, recipe: &Optimisation, (step, restart): (u64, u64), norm: f64) -> Result<()> {
        let rate = recipe.learning_rate_at(step, restart);
        let cut = (recipe.clip_norm / norm.max(1e-12)).min(1.0) as f32;
        let [b1, b2] = recipe.betas;
        let t = (step + 1 - restart) as i32;
        let (correction1, correction2) = (1.0 - b1.powi(t), 1.0 - b2.powi(t));
        let root = (1.0 / correction2) as f32;
        let (b1, b2) = (b1 as f32, b2 as f32);
        let keep = recipe.ema_at(step) as f32;
        self.slots.par_iter_mut().try_for_each(|slot| {
            let rate = rate * recipe.rate_of(&slot.name);
            let size = (rate / correction1) as f32;
            let decay = if slot.var.rank() > 1 { (rate * recipe.weight_decay) as f32 } else { 0.0 };
            let moments = slot.first.iter_mut().zip(&mut slot.second).zip(&slot.gradient);
            let weights = slot.value.iter_mut().zip(&mut slot.average);
            flushing_subnormals(|| {
                for (((m, v), g), (w, average)) in moments.zip(weights) {
                    let g = g * cut;
                    *m = b1 * *m + (1.0 - b1) * g;
                    *v = b2 * *v + (1.0 - b2) * g * g;
                    *w -= size * *m / ((*v * root).sqrt() + EPSILON) + decay * *w;
                    *average += (1.0 - keep) * (*w - *average);
                }
            });
            slot.publish()
        })
    }

    /// A weight or an average that is no finite number, if there is one. An update with a finite gradient can leave the numbers, too.
    pub(super) fn not_finite(&self) -> Option<f64> {
        let wrong = |slot: &Slot| slot.value.iter().chain(&slot.average).copied().find(|weight| !weight.is_finite());
        self.slots.par_iter().find_map_first(wrong).map(f64::from)
    }

    /// What becomes of an average that half precision, in which weights are exported, has no finite number for; if there is one.
    pub(super) fn not_in_f16(&self) -> Option<f64> {
        let wrong = |slot: &Slot| {
            let mut halves = slot.average.iter().map(|&weight| f16::from_f32(weight));
            halves.find(|half| !half.is_finite())
        };
        self.slots.par_iter().find_map_first(wrong).map(f16::to_f64)
    }

    /// The averaged weights as tensors.
    pub(super) fn averages(&self, device: &Device) -> Result<std::collections::HashMap<String, Tensor>> {
        let tensor = |slot: &Slot| {
            let average = Tensor::from_vec(slot.average.clone(), slot.var.shape(), device)?;
            Ok((slot.name.clone(), average))
        };
        self.slots.iter().map(tensor).collect()
    }
}

impl Slot {
    /// Makes the network see `value`.
    pub(super) fn publish(&self) -> Result<()> {
        self.var.set(&Tensor::from_vec(self.value.clone(), self.var.shape(), self.var.device())?)
    }
}
