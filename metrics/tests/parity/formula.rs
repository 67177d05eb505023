//! Weights by formula, so that a golden needs none in its file.

use std::cell::RefCell;
use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use gentron_metrics::MetricError;
use gentron_metrics::weights::TensorSource;

/// `v` in −0.5..0.5 for each element of the tensor called `name`: a hash of its name and its place.
pub fn noise(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let start = crc32(name.as_bytes());
    (0..count).map(move |i| {
        let mut x = start.wrapping_add((i as u32).wrapping_mul(2_654_435_761));
        x ^= x >> 16;
        x = x.wrapping_mul(0x045d_9f3b);
        x ^= x >> 16;
        f64::from(x) / 4_294_967_296.0 - 0.5
    })
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

/// An element of a tensor, from its name, its shape and the element's noise.
pub type Value = fn(&str, &[usize], f64) -> f64;

/// Every tensor by a formula; notes what a network asks for.
pub struct Formula {
    value: Value,
    asked: RefCell<BTreeMap<String, Vec<usize>>>,
}

impl Formula {
    pub fn new(value: Value) -> Self {
        Self { value, asked: RefCell::default() }
    }

    /// Names and shapes of what was asked for.
    pub fn asked(self) -> BTreeMap<String, Vec<usize>> {
        self.asked.into_inner()
    }
}

impl TensorSource for Formula {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
        self.asked.borrow_mut().insert(name.to_owned(), shape.to_vec());
        let values = noise(name, shape.iter().product()).map(|v| (self.value)(name, shape, v) as f32);
        Ok(Tensor::from_vec(values.collect(), shape, &Device::Cpu).expect("as many values as the shape has"))
    }

    fn any_shape(&self, _: &str) -> Result<Option<Tensor>, MetricError> {
        Ok(None)
    }

    fn tied(&self, _: &str, _: &str, _: &[usize]) -> Result<(), MetricError> {
        Ok(())
    }

    fn ignored(&self, _: &str, _: &[usize]) {}
}

/// The formula of `blip_vqa_tiny.json`.
pub fn blip(name: &str, shape: &[usize], v: f64) -> f64 {
    match name.rsplit('.').next().unwrap_or_default() {
        "weight" if name.to_lowercase().contains("norm") => 1.0 + 0.2 * v,
        "bias" => 0.2 * v,
        _ if name.contains("embed") || name.contains("token") => v,
        _ if shape.len() > 1 => v * 2.0 * (3.0 / shape[shape.len() - 1] as f64).sqrt(),
        _ => v,
    }
}

/// Notes what a network asks for, and gives it one zero seen as many.
#[derive(Default)]
pub struct Listing(RefCell<Vec<(String, Vec<usize>)>>);

impl Listing {
    pub fn sorted(self) -> Vec<(String, Vec<usize>)> {
        let mut asked = self.0.into_inner();
        asked.sort();
        asked
    }

    fn note(&self, name: &str, shape: &[usize]) {
        self.0.borrow_mut().push((name.to_owned(), shape.to_vec()));
    }
}

impl TensorSource for Listing {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
        self.note(name, shape);
        let zero = Tensor::zeros((), DType::F32, &Device::Cpu);
        Ok(zero.and_then(|zero| zero.broadcast_as(shape)).expect("a scalar broadcasts"))
    }

    fn any_shape(&self, _: &str) -> Result<Option<Tensor>, MetricError> {
        Ok(None)
    }

    fn tied(&self, name: &str, _: &str, shape: &[usize]) -> Result<(), MetricError> {
        self.note(name, shape);
        Ok(())
    }

    fn ignored(&self, name: &str, shape: &[usize]) {
        self.note(name, shape);
    }
}
