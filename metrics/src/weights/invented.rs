//! Weights that mean nothing, in a network's real layout: to try the whole way and to time it where the published ones
//! cannot be had.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};

use super::source::TensorSource;
use crate::error::MetricError;

/// Values of tensors whose name contains the text: so many times as large, and moved by so much.
#[derive(Clone, Copy, Debug)]
pub struct Gain {
    /// Part of the name.
    pub of: &'static str,
    /// Factor.
    pub scale: f32,
    /// Summand, after the factor.
    pub shift: f32,
}

/// Notes what a network asks for, and writes a file that has all of it: each tensor's values come of its name, its shape
/// and a seed alone.
///
/// A matrix keeps the size of what goes through it, a scale of a normalisation is near 1, a variance is near 1, a bias
/// near 0; what a deep stack of residuals needs beyond that are [`Gain`]s. The network that asks is built on zeros and
/// good for nothing else.
#[derive(Default)]
pub struct Invented {
    seed: u64,
    gains: &'static [Gain],
    shapes: Mutex<BTreeMap<String, Vec<usize>>>,
}

impl Invented {
    /// Nothing is asked for yet.
    #[must_use]
    pub fn new(seed: u64, gains: &'static [Gain]) -> Self {
        Self { seed, gains, shapes: Mutex::default() }
    }

    /// Notes a tensor, and gives one zero, seen as many.
    ///
    /// # Errors
    /// candle refuses the shape.
    pub fn ask(&self, name: &str, shape: &[usize]) -> candle_core::Result<Tensor> {
        self.shapes.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), shape.to_vec());
        Tensor::zeros((), DType::F32, &Device::Cpu)?.broadcast_as(shape)
    }

    /// The tensor that [`Self::save`] would write under this name, on the CPU: its values are computed alike on all machines.
    ///
    /// # Errors
    /// candle refuses the shape.
    pub fn filled(&self, name: &str, shape: &[usize]) -> candle_core::Result<Tensor> {
        let values: Vec<f32> = self.values(name, shape).collect();
        Tensor::from_vec(values, shape, &Device::Cpu)
    }

    /// Writes what was asked for as safetensors, a tensor at a time.
    ///
    /// # Errors
    /// [`MetricError::Io`] where the disk refuses.
    pub fn save(&self, path: &Path) -> Result<(), MetricError> {
        self.write(path).map_err(|source| MetricError::io(path, "write", source))
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        let shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut header, mut end) = (serde_json::Map::new(), 0);
        for (name, shape) in shapes.iter() {
            let start = end;
            end += 4 * shape.iter().product::<usize>();
            let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, end]});
            header.insert(name.clone(), entry);
        }
        let mut header = serde_json::to_vec(&header)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        let mut file = BufWriter::new(File::create(path)?);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        for (name, shape) in shapes.iter() {
            for value in self.values(name, shape) {
                file.write_all(&value.to_le_bytes())?;
            }
        }
        file.flush()
    }

    fn values(&self, name: &str, shape: &[usize]) -> impl Iterator<Item = f32> {
        let inner: usize = shape.iter().skip(1).product();
        let embeds = ["embed", "token", "pos"].iter().any(|word| name.contains(word));
        let (scale, shift) = match shape.len() {
            0 => (0.0, 1.0),
            1 if name.ends_with("running_var") || name.ends_with("weight") => (0.2, 1.0),
            _ if shape.len() == 1 || embeds => (0.2, 0.0),
            // Uniform over a width of 1 has a variance of 1/12; a rectifier behind a convolution takes half.
            2 => ((12.0 / inner as f32).sqrt(), 0.0),
            _ => ((24.0 / inner as f32).sqrt(), 0.0),
        };
        let gain = self.gains.iter().find(|gain| name.contains(gain.of));
        let (factor, summand) = gain.map_or((1.0, 0.0), |gain| (gain.scale, gain.shift));
        // FNV-1a of the name.
        let start = name.bytes().fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let count = shape.iter().product::<usize>() as u64;
        (0..count).map(move |place| (uniform(start, place) * scale + shift) * factor + summand)
    }
}

/// −0.5 to 0.5: SplitMix64 at a place of its sequence.
fn uniform(start: u64, place: u64) -> f32 {
    let mut x = start.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x >> 40) as f32 / 16_777_216.0 - 0.5
}

/// Hands out invented values at once, without a file: a network that is built on them computes.
pub struct Filled(pub Invented);

impl TensorSource for Filled {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
        self.0.filled(name, shape).map_err(failed)
    }

    fn any_shape(&self, _: &str) -> Result<Option<Tensor>, MetricError> {
        Ok(None)
    }

    fn tied(&self, _: &str, _: &str, _: &[usize]) -> Result<(), MetricError> {
        Ok(())
    }

    fn ignored(&self, _: &str, _: &[usize]) {}
}

fn failed(source: candle_core::Error) -> MetricError {
    MetricError::Network { network: "invented weights".to_owned(), source }
}

impl TensorSource for Invented {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, MetricError> {
        self.ask(name, shape).map_err(failed)
    }

    fn any_shape(&self, _: &str) -> Result<Option<Tensor>, MetricError> {
        Ok(None)
    }

    fn tied(&self, _: &str, _: &str, _: &[usize]) -> Result<(), MetricError> {
        Ok(())
    }

    fn ignored(&self, _: &str, _: &[usize]) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::WeightsFile;

    const GAINS: &[Gain] = &[Gain { of: "last.weight", scale: 0.1, shift: 3.0 }];

    #[test]
    fn a_tensor_is_that_of_its_name_and_seed_and_keeps_the_size_of_what_goes_through() {
        let folder = tempfile::tempdir().unwrap();
        let read = |seed: u64, name: &str| {
            let invented = Invented::new(seed, GAINS);
            for (name, shape) in [("a.weight", [30, 40]), ("b.weight", [30, 40]), ("last.weight", [30, 40])] {
                assert_eq!(invented.tensor(name, &shape).unwrap().dims(), shape);
            }
            let path = folder.path().join(format!("{seed}.safetensors"));
            invented.save(&path).unwrap();
            let file = WeightsFile::open(&path, None, &Device::Cpu).unwrap();
            let tensor = file.tensor(name, &[30, 40]).unwrap();
            let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let filled = Filled(invented).tensor(name, &[30, 40]).unwrap();
            assert_eq!(values(&filled), values(&tensor), "without a file, too");
            assert!(file.finish().is_err_and(|error| error.to_string().contains("weight")), "the others are left over");
            tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let a = read(7, "a.weight");
        let variance = a.iter().map(|x| x * x).sum::<f32>() / a.len() as f32 * 40.0;
        assert!((0.9..1.1).contains(&variance), "{variance}");
        assert_eq!(a, read(7, "a.weight"));
        assert_ne!(a, read(8, "a.weight"));
        assert_ne!(a, read(7, "b.weight"));
        assert!(read(7, "last.weight").iter().all(|x| (x - 3.0).abs() < 0.03));
    }
}
