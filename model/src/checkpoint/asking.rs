//! The builder's backend, which answers from files and notes what was asked.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::Init;
use candle_nn::var_builder::SimpleBackend;

use super::Problem;
use super::reader::Reader;

/// What was asked so far, and what was wrong with it.
#[derive(Default)]
pub(super) struct Record {
    pub(super) asked: BTreeSet<String>,
    pub(super) problems: BTreeSet<Problem>,
}

impl Record {
    /// Whether the network asked for `name` and it was nowhere, under no name.
    pub(super) fn misses(&self, name: &str) -> bool {
        self.problems.iter().any(|problem| matches!(problem, Problem::Missing { name: missing, .. } if missing == name))
    }
}

/// Answers from the files; a tensor that is wrong is noted and answered with zeros, so that the build goes on.
pub(super) struct Asking {
    pub(super) files: Reader,
    /// Whether tensors are read; else all are zeros, and the headers alone are looked at.
    pub(super) reads: bool,
    pub(super) prefix: String,
    pub(super) aliases: Vec<(String, String)>,
    pub(super) record: Arc<Mutex<Record>>,
}

impl Asking {
    /// Name, without the prefix, and shape of each tensor of the network's.
    pub(super) fn shapes(&self) -> Vec<(String, Vec<usize>)> {
        let own = |name: &str| name.strip_prefix(&self.prefix).map(str::to_owned);
        self.files.shapes().filter_map(|(name, shape)| Some((own(name)?, shape.to_vec()))).collect()
    }

    /// The file's key for the network's `name`, by itself or by an alias, and its shape.
    fn find(&self, name: &str) -> Option<(String, Vec<usize>)> {
        let others = self.aliases.iter().filter(|(wanted, _)| wanted == name).map(|(_, other)| other.as_str());
        std::iter::once(name).chain(others).find_map(|name| {
            let key = format!("{}{name}", self.prefix);
            let shape = self.files.shape(&key)?.to_vec();
            Some((key, shape))
        })
    }
}

impl SimpleBackend for Asking {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let expected = shape.dims().to_vec();
        let found = self.find(name);
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.asked.insert(name.to_owned());
        let name = name.to_owned();
        match found {
            Some((key, got)) if got == expected => {
                if self.reads && record.problems.is_empty() {
                    return self.files.read(&key, dtype, device);
                }
            }
            Some((_, got)) => drop(record.problems.insert(Problem::Shape { name, expected, got })),
            None => drop(record.problems.insert(Problem::Missing { name, expected })),
        }
        // One zero, whatever the shape.
        Tensor::zeros(vec![1; shape.rank()], dtype, device)?.broadcast_as(shape)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let Some((key, _)) = self.find(name) else { candle_core::bail!("no tensor {name} in the checkpoint") };
        self.record.lock().unwrap_or_else(PoisonError::into_inner).asked.insert(name.to_owned());
        self.files.read(&key, dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.find(name).is_some()
    }
}
