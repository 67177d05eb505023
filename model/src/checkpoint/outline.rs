//! What a network asks of its weights, found by building it on a builder that holds none.

use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

/// One tensor of a network.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Checkpoint key.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What it begins with when the network is trained.
    pub init: Init,
}

impl Parameter {
    /// Numbers in it.
    pub fn elements(&self) -> u64 {
        self.shape.iter().map(|&size| size as u64).product()
    }
}

/// Every tensor that `build` asks for, each once, in the order in which it asks. Nothing of their size is allocated.
///
/// # Errors
/// Where the network cannot be built, such as from a contradictory configuration.
pub fn outline<M>(build: impl FnOnce(VarBuilder) -> Result<M>) -> Result<Vec<Parameter>> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    build(VarBuilder::from_backend(Box::new(Outline(asked.clone())), DType::F32, Device::Cpu))?;
    let asked = std::mem::take(&mut *asked.lock().unwrap_or_else(PoisonError::into_inner));
    let mut seen = std::collections::BTreeSet::new();
    Ok(asked.into_iter().filter(|parameter: &Parameter| seen.insert(parameter.name.clone())).collect())
}

/// Answers every request with one broadcast zero and notes it.
struct Outline(Arc<Mutex<Vec<Parameter>>>);

impl SimpleBackend for Outline {
    fn get(&self, shape: Shape, name: &str, init: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let parameter = Parameter { name: name.to_owned(), shape: shape.dims().to_vec(), init };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(parameter);
        Tensor::zeros(vec![1; shape.rank()], dtype, device)?.broadcast_as(shape)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> Result<Tensor> {
        candle_core::bail!("{name} was asked for without a shape")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        true
    }
}
