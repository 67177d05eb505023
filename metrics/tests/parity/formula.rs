//! Weights by formula, so that a golden needs none in its file.

use std::cell::RefCell;

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

/// Every tensor by the formula of `blip_vqa_tiny.json`.
pub struct Blip;

impl Blip {
    pub fn values(name: &str, shape: &[usize]) -> Vec<f32> {
        let last = name.rsplit('.').next().unwrap_or_default();
        let scale = 2.0 * (3.0 / shape[shape.len() - 1] as f64).sqrt();
        let value = |v: f64| match last {
            "weight" if name.to_lowercase().contains("norm") => 1.0 + 0.2 * v,
            "bias" => 0.2 * v,
            _ if name.contains("embed") || name.contains("token") => v,
            _ if shape.len() > 1 => v * scale,
            _ => v,
        };
        noise(name, shape.iter().product()).map(|v| value(v) as f32).collect()
    }
}

impl TensorSource for Blip {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
        Ok(Tensor::from_vec(Self::values(name, shape), shape, &Device::Cpu).expect("as many values as the shape has"))
    }

    fn any_shape(&self, _: &str) -> Result<Option<Tensor>, MetricError> {
        Ok(None)
    }

    fn tied(&self, _: &str, _: &str, _: &[usize]) -> Result<(), MetricError> {
        Ok(())
    }

    fn ignored(&self, _: &str, _: &[usize]) {}
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
