//! Trainable parameters, made on demand by the network that asks for them.

use super::purpose;
use crate::noise;
use candle_core::{DType, Device, Result, Shape, Tensor, Var};
use candle_nn::init::{FanInOut, NormalOrUniform};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The variables of a network in training, by checkpoint key.
///
/// candle's own `VarMap` draws from a generator that cannot be seeded on the CPU; here an initial value depends on (seed, key)
/// alone, so that two networks of one seed agree wherever they have the same layer.
#[derive(Clone)]
pub struct Parameters {
    seed: u64,
    vars: Arc<Mutex<BTreeMap<String, Var>>>,
}

impl Parameters {
    /// No parameters yet.
    pub fn new(seed: u64) -> Self {
        Self { seed, vars: Arc::default() }
    }

    /// A builder that creates each variable at its first request.
    pub fn builder(&self, device: &Device) -> VarBuilder<'static> {
        VarBuilder::from_backend(Box::new(self.clone()), DType::F32, device.clone())
    }

    /// All variables by key, in the keys' order.
    pub fn all(&self) -> BTreeMap<String, Var> {
        self.vars.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn initial(&self, shape: &Shape, name: &str, init: Init) -> Vec<f32> {
        let n = shape.elem_count();
        let normal = |mean: f64, deviation: f64| -> Vec<f32> {
            let draws = noise::normal(self.seed, name, 0, purpose::WEIGHTS, n);
            draws.into_iter().map(|z| (mean + deviation * f64::from(z)) as f32).collect()
        };
        let uniform = |low: f64, high: f64| -> Vec<f32> {
            let stream = noise::Stream::new(self.seed, name, 0, purpose::WEIGHTS);
            let draws = (0..n.div_ceil(2) as u64).flat_map(|i| stream.uniforms(i)).take(n);
            draws.map(|u| (low + (high - low) * u) as f32).collect()
        };
        match init {
            Init::Const(value) => vec![value as f32; n],
            Init::Randn { mean, stdev } => normal(mean, stdev),
            Init::Uniform { lo, up } => uniform(lo, up),
            Init::Kaiming { dist, fan, non_linearity } => {
                let dims = shape.dims();
                let receptive: usize = dims.iter().skip(2).product();
                let count = match fan {
                    FanInOut::FanIn => dims.get(1).copied().unwrap_or(1) * receptive,
                    FanInOut::FanOut => dims.first().copied().unwrap_or(1) * receptive,
                };
                let deviation = non_linearity.gain() / (count.max(1) as f64).sqrt();
                match dist {
                    NormalOrUniform::Normal => normal(0.0, deviation),
                    NormalOrUniform::Uniform => uniform(-deviation * 3f64.sqrt(), deviation * 3f64.sqrt()),
                }
            }
        }
    }
}

impl SimpleBackend for Parameters {
    fn get(&self, shape: Shape, name: &str, init: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let mut vars = self.vars.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(var) = vars.get(name) {
            return Ok(var.as_tensor().clone());
        }
        let values = Tensor::from_vec(self.initial(&shape, name, init), shape, device)?.to_dtype(dtype)?;
        let var = Var::from_tensor(&values)?;
        let tensor = var.as_tensor().clone();
        vars.insert(name.to_owned(), var);
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        candle_core::bail!("parameter {name} was asked for without a shape")
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.vars.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }
}
