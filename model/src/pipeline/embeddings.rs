//! Text embeddings on disk: a text is encoded once, whatever is drawn from it later, and the encoder can go before the backbone comes.
//!
//! `<folder>/<digest of the encoder>/<digest of the text>.safetensors` holds the states of the tokens that may be attended to
//! (N, W), and the pooled text (P). Nothing else of an encoding matters: pads are masked. A digest in the file seals both: one flipped
//! bit would draw other images, and nobody would notice.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::load::{EncoderSpec, WeightType, load_encoder};
use super::{EmbeddingError, PipelineError};
use crate::file;
use crate::gentron::{TextInput, TextSource};
use crate::ops::{self, single_threaded, with_precision};
use crate::text::{Encoding, TextEncoder};

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

impl EmbeddingCache {
    /// How many of `texts` have the embedding that an encoder gives with weights of that type on that device, without looking into any.
    ///
    /// # Errors
    /// [`EmbeddingError::Unidentified`] where the cache does not know the encoder.
    pub fn kept(
        &self,
        encoder: &EncoderSpec,
        texts: &[&str],
        kind: (WeightType, &Device),
    ) -> Result<usize, EmbeddingError> {
        let reading = reading(encoder);
        let folder = self.folder_of((encoder.name.as_str(), reading.as_str()), kind)?;
        Ok(texts.iter().filter(|text| path(&folder, text).is_file()).count())
    }

    /// The folder of what an encoder says where it is asked in that way.
    fn folder_of(
        &self,
        (name, reading): (&str, &str),
        (weights, device): (WeightType, &Device),
    ) -> Result<PathBuf, EmbeddingError> {
        let unknown = || EmbeddingError::Unidentified { name: name.to_owned() };
        let digest = self.digests.get(name).ok_or_else(unknown)?;
        let precision = (weights, ops::rounding_kernel(), device.is_cpu());
        let identity = format!("{VERSION} {digest} {reading} {precision:?}");
        Ok(self.folder.join(&hexadecimal(identity.as_bytes())[..32]))
    }
}

/// What is asked of an encoder of GenTron's.
fn reading(encoder: &EncoderSpec) -> String {
    format!("{:?}", encoder.length())
}

/// What one encoder has said of texts, on disk.
pub(super) struct Store {
    folder: PathBuf,
    renewed: Vec<PathBuf>,
}

/// What can be asked for what is kept.
pub(super) trait Embed: Sync {
    /// The states of a text's tokens (N, W), and one vector (P).
    ///
    /// # Errors
    /// Where the text cannot be encoded.
    fn embed(&self, text: &str) -> Result<[Tensor; 2], PipelineError>;
}

impl Embed for Box<dyn TextEncoder> {
    fn embed(&self, text: &str) -> Result<[Tensor; 2], PipelineError> {
        unpadded(&self.encode(&[text])?)
    }
}

/// Of one text that was encoded: the states of its tokens but for pads, and its vector.
pub(super) fn unpadded(encoding: &Encoding) -> Result<[Tensor; 2], PipelineError> {
    let real = encoding.mask.to_dtype(DType::U32)?.sum_all()?.to_scalar::<u32>()? as usize;
    Ok([encoding.tokens.narrow(1, 0, real)?.squeeze(0)?, encoding.pooled.squeeze(0)?])
}

/// The embeddings of one encoder, as a backbone reads them.
pub(super) struct Embeddings {
    store: Store,
    length: usize,
    source: TextSource,
}

/// The tensor in a file that seals the others: a digest is a tensor because metadata, which are a hash map, have no order of their own.
const SEAL: &str = "sha256";

/// What there is of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Whole,
    Damaged,
    Absent,
}

/// Bumped when an embedding comes out differently from the same encoder.
const VERSION: u32 = 1;

impl Store {
    /// Makes sure that each of `texts` has its embedding, whole; `load` is asked for the encoder only if one has not, and it is dropped.
    /// `name` is the encoder's among the cache's digests, `reading` what is asked of it.
    ///
    /// Each text is encoded by itself: so its bytes do not depend on which others were missing.
    pub(super) fn of<E: Embed>(
        cache: &EmbeddingCache,
        (name, reading): (&str, &str),
        texts: &[&str],
        (weights, device): (WeightType, &Device),
        load: impl FnOnce() -> Result<E, PipelineError>,
        encoded: &mut (dyn FnMut(usize, usize) -> bool + Send),
    ) -> Result<Self, PipelineError> {
        let folder = cache.folder_of((name, reading), (weights, device))?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(cache.threads).build();
        let pool = pool.map_err(|e| failed(&folder, std::io::Error::other(e)))?;
        let found: Vec<Kept> = pool.install(|| texts.par_iter().map(|text| look(&folder, text)).collect());
        let are = |kept: fn(Kept) -> bool| texts.iter().zip(&found).filter(move |(_, found)| kept(**found));
        let renewed = are(|found| found == Kept::Damaged).map(|(text, _)| path(&folder, text)).collect();
        let mut missing: Vec<&str> = are(|found| found != Kept::Whole).map(|(text, _)| *text).collect();
        let (worker, workers) = cache.worker;
        let first = (missing.len() * worker as usize / workers.max(1) as usize).min(missing.len());
        missing.rotate_left(first);
        if !missing.is_empty() {
            std::fs::create_dir_all(&folder).map_err(|source| failed(&folder, source))?;
            if !encoded(0, missing.len()) {
                return Err(PipelineError::Stopped);
            }
            let loaded = load()?;
            let told = Mutex::new((0, encoded));
            let one = |text: &&str| -> Result<(), PipelineError> {
                if look(&folder, text) != Kept::Whole {
                    let [tokens, pooled] = loaded.embed(text)?;
                    write(&path(&folder, text), text, &tokens, &pooled)?;
                }
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                told.0 += 1;
                let done = told.0;
                if (told.1)(done, missing.len()) { Ok(()) } else { Err(PipelineError::Stopped) }
            };
            // On the CPU a text has a core to itself: so its bits do not depend on the number of cores.
            let alone = |text: &&str| single_threaded(|| with_precision(weights.precision(), || one(text)));
            if device.is_cpu() {
                pool.install(|| missing.par_iter().try_for_each(alone))?;
            } else {
                missing.iter().try_for_each(&one)?;
            }
        }
        Ok(Self { folder, renewed })
    }

    /// Files that were damaged, or of a version without digests, and whose texts have been encoded anew.
    pub(super) fn renewed(&self) -> &[PathBuf] {
        &self.renewed
    }

    /// The states of a text's tokens (N, W) and its vector (P), in f32 on the CPU. Their digest is computed anew.
    pub(super) fn read(&self, text: &str) -> Result<[Tensor; 2], PipelineError> {
        let path = path(&self.folder, text);
        let damaged = |reason: String| EmbeddingError::Damaged { path: path.clone(), reason };
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(PipelineError::NotPrepared(text.to_owned()));
            }
            bytes => bytes.map_err(|error| damaged(error.to_string()))?,
        };
        let [tokens, pooled] = parts(&bytes, text).map_err(damaged)?;
        let tensor = |view: &TensorView| Tensor::from_raw_buffer(view.data(), DType::F32, view.shape(), &Device::Cpu);
        Ok([tensor(&tokens)?, tensor(&pooled)?])
    }
}

impl Embeddings {
    /// Makes sure that each of `texts` has its embedding, whole, and that the backbone can read them: see [`Store::of`].
    pub(super) fn of(
        cache: &EmbeddingCache,
        encoder: &EncoderSpec,
        source: &TextSource,
        texts: &[&str],
        (weights, device): (WeightType, &Device),
        encoded: &mut (dyn FnMut(usize, usize) -> bool + Send),
    ) -> Result<Self, PipelineError> {
        let reading = reading(encoder);
        let name = (encoder.name.as_str(), reading.as_str());
        let load = || load_encoder(encoder, weights, device).map_err(PipelineError::from);
        let store = Store::of(cache, name, texts, (weights, device), load, encoded)?;
        let own = Self { store, length: encoder.length().unwrap_or(0), source: source.clone() };
        // What is there is of this encoder: one text tells whether the backbone can read it.
        if let Some(text) = texts.first() {
            own.read(text, &Device::Cpu)?;
        }
        Ok(own)
    }

    /// As [`Store::renewed`].
    pub(super) fn renewed(&self) -> &[PathBuf] {
        self.store.renewed()
    }

    /// The embedding of a text, a batch of one, padded with zeros to the encoder's length.
    pub(super) fn read(&self, text: &str, device: &Device) -> Result<TextInput, PipelineError> {
        let [tokens, pooled] = self.store.read(text)?;
        let (real, width) = tokens.dims2()?;
        let TextSource { name, width: expected, pooled_width } = self.source.clone();
        for (expected, got) in [(expected, width), (pooled_width, pooled.dims1()?)] {
            if expected != got {
                return Err(PipelineError::EncoderWidth { folder: self.store.folder.clone(), name, expected, got });
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

/// What there is of a text in an encoder's folder.
fn look(folder: &Path, text: &str) -> Kept {
    match std::fs::read(path(folder, text)) {
        Ok(bytes) if parts(&bytes, text).is_ok() => Kept::Whole,
        Err(error) if error.kind() == ErrorKind::NotFound => Kept::Absent,
        _ => Kept::Damaged,
    }
}

/// The states of the tokens (N, W) and the pooled text (P) in a file; else why it is no embedding of that text.
fn parts<'a>(bytes: &'a [u8], text: &str) -> Result<[TensorView<'a>; 2], String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let part = |name: &str| tensors.tensor(name).map_err(|_| format!("it has no {name}"));
    let parts = [part("tokens")?, part("pooled")?];
    let digest = seal(text, parts.each_ref().map(|part| (part.shape(), part.data())));
    if part(SEAL)?.data() != digest.as_slice() {
        return Err("its digest is not that of its content".to_owned());
    }
    Ok(parts)
}

/// SHA-256 of shapes, numbers and text.
fn seal(text: &str, parts: [(&[usize], &[u8]); 2]) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for (shape, bytes) in parts {
        for axis in shape {
            hasher.update((*axis as u64).to_le_bytes());
        }
        hasher.update(bytes);
    }
    hasher.update(text.as_bytes());
    hasher.finalize().to_vec()
}

fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Two workers, perhaps on two machines, may encode one text at a time.
fn write(path: &Path, text: &str, tokens: &Tensor, pooled: &Tensor) -> Result<(), PipelineError> {
    let failed = |source| failed(path, source);
    let f32 = |x: &Tensor| x.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>();
    let (states, vector) = (f32(tokens)?, f32(pooled)?);
    let (states, vector) = (bytemuck::cast_slice::<f32, u8>(&states), bytemuck::cast_slice::<f32, u8>(&vector));
    let digest = seal(text, [(tokens.dims(), states), (pooled.dims(), vector)]);
    let view = |kind: Dtype, shape: &[usize], bytes| {
        TensorView::new(kind, shape.to_vec(), bytes).map_err(|e| failed(std::io::Error::other(e)))
    };
    let views = [
        ("tokens", view(Dtype::F32, tokens.dims(), states)?),
        ("pooled", view(Dtype::F32, pooled.dims(), vector)?),
        (SEAL, view(Dtype::U8, &[digest.len()], digest.as_slice())?),
    ];
    let metadata = Some([("text".to_owned(), text.to_owned())].into());
    let bytes = safetensors::serialize(views, metadata).map_err(|e| failed(std::io::Error::other(e)))?;
    Ok(file::write(path, &bytes).map_err(failed)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gentron::CLIP_SHAPES;
    use crate::pipeline::EncoderKind;

    const TEXT: &str = "a red circle";

    fn values(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_flipped_bit_or_a_missing_end_is_never_read_as_an_embedding() {
        let folder = tempfile::tempdir().unwrap();
        let source = TextSource { name: "t5".into(), width: 3, pooled_width: 2 };
        let store = Store { folder: folder.path().to_owned(), renewed: Vec::new() };
        let own = Embeddings { store, length: 7, source };
        let tokens = Tensor::arange(0f32, 15.0, &Device::Cpu).unwrap().reshape((5, 3)).unwrap();
        let pooled = Tensor::new(&[0.5f32, -2.0], &Device::Cpu).unwrap();
        assert_eq!(look(folder.path(), TEXT), Kept::Absent);
        let at = path(folder.path(), TEXT);
        write(&at, TEXT, &tokens, &pooled).unwrap();
        assert_eq!(look(folder.path(), TEXT), Kept::Whole);
        let read = || own.read(TEXT, &Device::Cpu);
        let whole = read().unwrap();
        assert_eq!((whole.tokens.dims(), whole.pooled.dims()), (&[1, 7, 3][..], &[1, 2][..]));
        assert_eq!(values(&whole.tokens.narrow(1, 0, 5).unwrap()), values(&tokens));

        let bytes = std::fs::read(&at).unwrap();
        let data = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&at, flipped).unwrap();
            match read() {
                // The header also has the text, for people.
                Ok(input) => assert!(
                    bit < 8 * data && values(&input.tokens) == values(&whole.tokens),
                    "bit {bit} is read as another embedding"
                ),
                Err(PipelineError::Embedding(EmbeddingError::Damaged { path, .. })) => assert_eq!(path, at),
                Err(error) => panic!("bit {bit}: {error}"),
            }
        }
        for length in 0..bytes.len() {
            std::fs::write(&at, &bytes[..length]).unwrap();
            assert!(read().is_err() && look(folder.path(), TEXT) == Kept::Damaged, "{length} bytes");
        }
        // Whole, but of another text.
        write(&at, "a blue square", &tokens, &pooled).unwrap();
        assert_eq!(look(folder.path(), TEXT), Kept::Damaged);
    }

    #[test]
    fn a_damaged_embedding_is_encoded_anew_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EmbeddingCache {
            folder: folder.path().to_owned(),
            digests: [("clip-shapes".to_owned(), "of its files".to_owned())].into(),
            worker: (0, 1),
            threads: 2,
        };
        let encoder = EncoderSpec {
            name: "clip-shapes".into(),
            kind: EncoderKind::Clip,
            folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights/clip-shapes"),
            length: None,
        };
        let source = TextSource::from(CLIP_SHAPES);
        let texts = ["", TEXT, "two blue squares"];
        let of = || {
            let mut told = Vec::new();
            let mut tell = |done: usize, all: usize| {
                told.push((done, all));
                true
            };
            let kind = (WeightType::F32, &Device::Cpu);
            let embeddings = Embeddings::of(&cache, &encoder, &source, &texts, kind, &mut tell).unwrap();
            (embeddings, told)
        };
        let kept = |encoder: &EncoderSpec| cache.kept(encoder, &texts, (WeightType::F32, &Device::Cpu));
        assert_eq!(kept(&encoder).unwrap(), 0);
        let (embeddings, told) = of();
        assert_eq!((told.first(), told.last()), (Some(&(0, 3)), Some(&(3, 3))));
        assert_eq!(kept(&encoder).unwrap(), 3);
        let other = EncoderSpec { length: Some(9), kind: EncoderKind::T5, ..encoder.clone() };
        assert_eq!(kept(&other).unwrap(), 0, "what is asked otherwise is another embedding");
        assert!(embeddings.renewed().is_empty());
        let at = path(&embeddings.store.folder, TEXT);
        let bytes = std::fs::read(&at).unwrap();
        let mut flipped = bytes.clone();
        // Of the last number before the digest, the least bit.
        let place = flipped.len() - 32 - 4;
        flipped[place] ^= 1;
        for damaged in [&flipped[..], &bytes[..bytes.len() - 1], &[]] {
            std::fs::write(&at, damaged).unwrap();
            let (embeddings, told) = of();
            assert_eq!(told, [(0, 1), (1, 1)]);
            assert_eq!(embeddings.renewed(), std::slice::from_ref(&at));
            assert!(std::fs::read(&at).unwrap() == bytes, "the same text has the same bytes");
        }
        assert!(of().1.is_empty(), "nothing is left to encode");
    }
}
