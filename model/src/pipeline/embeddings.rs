//! Text embeddings on disk: a text is encoded once, whatever is drawn from it later, and the encoder can go before the backbone comes.
//!
//! `<folder>/<digest of the encoder>/<digest of the text>.safetensors` holds the states of the tokens that may be attended to
//! (N, W), and the pooled text (P). Nothing else of an encoding matters: pads are masked.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::load::{EncoderSpec, WeightType, load_encoder};
use super::{EmbeddingError, PipelineError};
use crate::gentron::{TextInput, TextSource};
use crate::ops::{self, single_threaded, with_precision};

/// Where embeddings are kept, and what identifies the encoders that made them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingCache {
    /// The folder of all embeddings.
    pub folder: PathBuf,
    /// By an encoder's name, a digest of everything that it computes with: weights, configuration, tokenizer.
    pub digests: BTreeMap<String, String>,
    /// Which of how many processes encodes into the folder at the same time: each begins with another text, and leaves out what the
    /// others have done since.
    pub worker: (u32, u32),
    /// Texts that are encoded at the same time, each on a core of its own.
    pub threads: usize,
}

/// The embeddings of one encoder.
pub(super) struct Embeddings {
    folder: PathBuf,
    length: usize,
    source: TextSource,
}

/// Bumped when an embedding comes out differently from the same encoder.
const VERSION: u32 = 1;

impl Embeddings {
    /// Makes sure that each of `texts` has its embedding; the encoder is loaded only if one has not, and dropped.
    ///
    /// Each text is encoded by itself: so its bytes do not depend on which others were missing.
    pub(super) fn of(
        cache: &EmbeddingCache,
        encoder: &EncoderSpec,
        source: &TextSource,
        texts: &[&str],
        (weights, device): (WeightType, &Device),
        encoded: &mut (dyn FnMut(usize, usize) -> bool + Send),
    ) -> Result<Self, PipelineError> {
        let unknown = || EmbeddingError::Unidentified { name: encoder.name.clone() };
        let digest = cache.digests.get(&encoder.name).ok_or_else(unknown)?;
        let length = encoder.length();
        let precision = (weights, ops::rounding_kernel(), device.is_cpu());
        let identity = format!("{VERSION} {digest} {length:?} {precision:?}");
        let folder = cache.folder.join(&hexadecimal(identity.as_bytes())[..32]);
        let mut missing: Vec<&str> = texts.iter().copied().filter(|text| !path(&folder, text).exists()).collect();
        let (worker, workers) = cache.worker;
        let first = (missing.len() * worker as usize / workers.max(1) as usize).min(missing.len());
        missing.rotate_left(first);
        if !missing.is_empty() {
            std::fs::create_dir_all(&folder).map_err(|source| failed(&folder, source))?;
            if !encoded(0, missing.len()) {
                return Err(PipelineError::Stopped);
            }
            let loaded = load_encoder(encoder, weights, device)?;
            let told = Mutex::new((0, encoded));
            let one = |text: &&str| -> Result<(), PipelineError> {
                if !path(&folder, text).exists() {
                    let encoding = loaded.encode(&[text])?;
                    let real = encoding.mask.to_dtype(DType::U32)?.sum_all()?.to_scalar::<u32>()? as usize;
                    let tokens = encoding.tokens.narrow(1, 0, real)?.squeeze(0)?;
                    write(&path(&folder, text), worker, text, &tokens, &encoding.pooled.squeeze(0)?)?;
                }
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                told.0 += 1;
                let done = told.0;
                if (told.1)(done, missing.len()) { Ok(()) } else { Err(PipelineError::Stopped) }
            };
            // On the CPU a text has a core to itself: so its bits do not depend on the number of cores.
            let alone = |text: &&str| single_threaded(|| with_precision(weights.precision(), || one(text)));
            if device.is_cpu() {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(cache.threads).build();
                let pool = pool.map_err(|e| failed(&folder, std::io::Error::other(e)))?;
                pool.install(|| missing.par_iter().try_for_each(alone))?;
            } else {
                missing.iter().try_for_each(&one)?;
            }
        }
        let length = length.unwrap_or(0);
        let own = Self { folder, length, source: source.clone() };
        // What is there is of this encoder: one text tells whether the backbone can read it.
        if let Some(text) = texts.first() {
            own.read(text, &Device::Cpu)?;
        }
        Ok(own)
    }

    /// The embedding of a text, a batch of one, padded with zeros to the encoder's length.
    pub(super) fn read(&self, text: &str, device: &Device) -> Result<TextInput, PipelineError> {
        let path = path(&self.folder, text);
        let damaged = |reason: &str| EmbeddingError::Damaged { path: path.clone(), reason: reason.to_owned() };
        if !path.exists() {
            return Err(PipelineError::NotPrepared(text.to_owned()));
        }
        let tensors = candle_core::safetensors::load(&path, &Device::Cpu).map_err(|e| damaged(&e.to_string()))?;
        let part = |name: &str| tensors.get(name).ok_or_else(|| damaged(&format!("it has no {name}")));
        let (tokens, pooled) = (part("tokens")?, part("pooled")?);
        let (real, width) = tokens.dims2()?;
        let TextSource { name, width: expected, pooled_width } = self.source.clone();
        for (expected, got) in [(expected, width), (pooled_width, pooled.dims1()?)] {
            if expected != got {
                return Err(PipelineError::EncoderWidth { folder: self.folder.clone(), name, expected, got });
            }
        }
        let length = self.length.max(real);
        let tokens = tokens.pad_with_zeros(0, 0, length - real)?.unsqueeze(0)?.to_device(device)?; // (1, L, W)
        let mask: Vec<u8> = (0..length).map(|i| u8::from(i < real)).collect();
        let mask = Tensor::from_vec(mask, (1, length), device)?;
        Ok(TextInput { tokens, mask, pooled: pooled.unsqueeze(0)?.to_device(device)? })
    }
}

fn failed(path: &Path, source: std::io::Error) -> EmbeddingError {
    EmbeddingError::File { path: path.to_owned(), source }
}

fn path(folder: &Path, text: &str) -> PathBuf {
    folder.join(format!("{}.safetensors", hexadecimal(text.as_bytes())))
}

fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Under a name of this process's own first: two workers, perhaps on two machines, that encode one text at a time must not meet.
fn write(path: &Path, worker: u32, text: &str, tokens: &Tensor, pooled: &Tensor) -> Result<(), PipelineError> {
    let failed = |source| failed(path, source);
    let f32 = |x: &Tensor| x.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>();
    let (states, vector) = (f32(tokens)?, f32(pooled)?);
    let view = |shape: &[usize], values: &'_ [f32]| {
        let bytes = bytemuck::cast_slice::<f32, u8>(values).to_vec();
        (shape.to_vec(), bytes)
    };
    let parts = [("tokens", view(tokens.dims(), &states)), ("pooled", view(pooled.dims(), &vector))];
    let mut views = Vec::new();
    for (name, (shape, bytes)) in &parts {
        let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes)
            .map_err(|e| failed(std::io::Error::other(e)))?;
        views.push((*name, view));
    }
    let metadata = Some([("text".to_owned(), text.to_owned())].into());
    let bytes = safetensors::serialize(views, metadata).map_err(|e| failed(std::io::Error::other(e)))?;
    let temporary = path.with_extension(format!("{worker}-{}.tmp", std::process::id()));
    let durable = || {
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    durable().map_err(failed)?;
    Ok(())
}
