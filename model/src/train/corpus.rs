//! What the frozen networks make of the training data, computed once: latents and text states.

use super::mix::Shares;
use super::state::{is_whole, sealed, write_atomically};
use super::{Control, Progress, Source, TrainError};
use crate::autoencoder::AutoencoderKl;
use crate::gentron::TextInput;
use crate::ops::single_threaded;
use crate::pipeline::{EncoderSpec, WeightType, load_encoder};
use crate::pixels::to_tensor;
use crate::text::TextEncoder;
use candle_core::{DType, Device, Tensor};
use half::f16;
use image::RgbImage;
use rayon::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;
use std::path::Path;

/// Token states of distinct texts by one encoder, without their pads, at half precision.
struct Encoded {
    width: usize,
    pooled_width: usize,
    /// First token of each text, and one past the last of all.
    starts: Vec<u32>,
    tokens: Vec<f16>,
    pooled: Vec<f32>,
}

/// What the examples of a corpus are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Footage {
    /// Pictures with captions.
    Pictures,
    /// Clips with captions.
    Clips,
}

/// Which examples a corpus holds.
pub(super) struct Pool<'a> {
    pub source: &'a dyn Source,
    pub footage: Footage,
    /// Kinds of pictures, where the source's own mixture is not wanted.
    pub shares: Option<Shares>,
    pub seed: u64,
    /// Examples.
    pub examples: u64,
}

/// A finite pool of examples as the backbone's training reads them.
pub struct Corpus {
    /// Channels, height and width.
    latent_shape: [usize; 3],
    /// Frames of an example; 1 for pictures.
    frames: usize,
    latents: Vec<f32>,
    /// Of each example, the index of its text; text 0 is the null text.
    text_of: Vec<u32>,
    /// Indices of the exam's texts.
    exam: Vec<u32>,
    encoders: Vec<Encoded>,
}

/// Under which key a corpus file says what it is of.
const IDENTITY: &str = "identity";

/// Examples that a thread encodes at a time.
const CHUNK: usize = 32;

/// Chunks between two words about the progress.
const CHUNKS: usize = 16;

/// `work` on chunks of `items` by all cores, in order; `progress` hears now and then how many of the items are done.
fn in_chunks<I: Sync, R: Send>(
    items: &[I],
    work: impl Fn(&[I]) -> Result<R, TrainError> + Sync,
    progress: &mut dyn FnMut(usize) -> Control,
) -> Result<Vec<R>, TrainError> {
    let mut results = Vec::with_capacity(items.len().div_ceil(CHUNK));
    for stretch in items.chunks(CHUNK * CHUNKS) {
        let part: Vec<R> = stretch.par_chunks(CHUNK).map(&work).collect::<Result<_, _>>()?;
        results.extend(part);
        if progress(results.len() * CHUNK) == Control::Stop {
            return Err(TrainError::Stopped);
        }
    }
    Ok(results)
}

impl Corpus {
    /// The examples of `pool` through `autoencoder` and each of `encoders`, of which one at a time is in memory, in f32; read from
    /// `path` if that file holds just this.
    ///
    /// # Errors
    /// Where a network fails or the file cannot be written.
    pub(super) fn prepare(
        pool: &Pool,
        autoencoder: &AutoencoderKl,
        encoders: &[EncoderSpec],
        (path, identity): (&Path, &str),
        device: &Device,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainError> {
        if let Some(corpus) = Self::read(path, identity, encoders.len()) {
            return Ok(corpus);
        }
        // What is wrong with an encoder is said before the pictures are encoded, which takes longer.
        for encoder in encoders {
            drop(load_encoder(encoder, WeightType::F32, device)?);
        }
        let corpus = Self::build(pool, autoencoder, encoders, device, progress)?;
        corpus.write(path, identity)?;
        Ok(corpus)
    }

    fn build(
        pool: &Pool,
        autoencoder: &AutoencoderKl,
        encoders: &[EncoderSpec],
        device: &Device,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainError> {
        let indices: Vec<u64> = (0..pool.examples).collect();
        let encode = |chunk: &[u64]| {
            single_threaded(|| {
                let (mut images, mut captions) = (Vec::new(), Vec::new());
                for &i in chunk {
                    let (frames, caption) = pool.example(i)?;
                    images.extend(frames);
                    captions.push(caption);
                }
                let latent = autoencoder.encode(&to_tensor(&images.iter().collect::<Vec<_>>(), device)?)?.mean;
                let (all, c, h, w) = latent.dims4()?;
                let values = autoencoder.scale(&latent)?.flatten_all()?.to_vec1::<f32>()?;
                Ok::<_, TrainError>((values, ([c, h, w], all / chunk.len()), captions))
            })
        };
        let parts =
            in_chunks(&indices, encode, &mut |done| progress.preparing(pool.name(), done as u64, pool.examples))?;
        let (mut latents, mut shape, mut text_of) = (Vec::new(), ([0; 3], 1), Vec::new());
        let mut texts = vec![String::new()];
        let mut index: HashMap<String, u32> = HashMap::from([(String::new(), 0)]);
        for (part, of_part, captions) in parts {
            latents.extend(part);
            shape = of_part;
            for caption in captions {
                let next = texts.len() as u32;
                let text = *index.entry(caption.clone()).or_insert(next);
                if text == next {
                    texts.push(caption);
                }
                text_of.push(text);
            }
        }
        let mut exam = Vec::new();
        for text in pool.source.exam().map_or(Vec::new(), |exam| exam.texts()) {
            exam.push(texts.len() as u32);
            texts.push(text);
        }
        let mut encoded = Vec::with_capacity(encoders.len());
        for encoder in encoders {
            let tell = &mut |done| progress.preparing(&encoder.name, done as u64, texts.len() as u64);
            let encoder = load_encoder(encoder, WeightType::F32, device)?;
            encoded.push(Encoded::of(encoder.as_ref(), &texts, tell)?);
        }
        let (latent_shape, frames) = shape;
        Ok(Self { latent_shape, frames, latents, text_of, exam, encoders: encoded })
    }

    /// Examples.
    pub fn len(&self) -> usize {
        self.text_of.len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.text_of.is_empty()
    }

    /// Channels, height and width of a latent.
    pub fn latent_shape(&self) -> [usize; 3] {
        self.latent_shape
    }

    /// Frames of an example; 1 for pictures.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Width of a token and of the pooled vector, of each encoder.
    pub(super) fn widths(&self) -> impl Iterator<Item = (usize, usize)> {
        self.encoders.iter().map(|encoded| (encoded.width, encoded.pooled_width))
    }

    /// The latent of an example: C, H, W of each frame.
    ///
    /// # Panics
    /// Where there is no such example.
    pub fn latent(&self, example: usize) -> &[f32] {
        let size = self.frames * self.latent_shape.iter().product::<usize>();
        &self.latents[example * size..][..size]
    }

    /// Latents of some clips: (B, T, C, H, W).
    ///
    /// # Errors
    /// Where an index is out of range.
    pub fn clips(&self, examples: &[usize], device: &Device) -> candle_core::Result<Tensor> {
        let [c, h, w] = self.latent_shape;
        let values: Vec<f32> = examples.iter().flat_map(|&i| self.latent(i)).copied().collect();
        Tensor::from_vec(values, (examples.len(), self.frames, c, h, w), device)
    }

    /// Texts of some examples of corpora of the same encoders, `None` for the null text, by encoder `encoder`; padded to the longest
    /// among them.
    ///
    /// # Errors
    /// Where there is none, or an index is out of range.
    pub fn texts(encoder: usize, of: &[(&Self, Option<usize>)], device: &Device) -> candle_core::Result<TextInput> {
        let text = |(corpus, i): &(&Self, Option<usize>)| i.map_or(0, |i| corpus.text_of[i] as usize);
        let texts: Vec<_> = of.iter().map(|of| (&of.0.encoders[encoder], text(of))).collect();
        padded(&texts, device)
    }

    /// Indices of the exam's texts.
    pub fn exam(&self) -> &[u32] {
        &self.exam
    }

    /// Texts by their indices, 0 for the null text; padded to the longest among them.
    ///
    /// # Errors
    /// Where there is none, or an index is out of range.
    pub fn encoded(&self, encoder: usize, texts: &[u32], device: &Device) -> candle_core::Result<TextInput> {
        let texts: Vec<_> = texts.iter().map(|&text| (&self.encoders[encoder], text as usize)).collect();
        padded(&texts, device)
    }
}

/// Texts by one encoder, each with what it has made of its corpus.
fn padded(texts: &[(&Encoded, usize)], device: &Device) -> candle_core::Result<TextInput> {
    let Some((first, _)) = texts.first() else { candle_core::bail!("no text to read") };
    let span = |(encoded, text): (&Encoded, usize)| encoded.starts[text] as usize..encoded.starts[text + 1] as usize;
    let length = texts.iter().map(|&text| span(text).len()).max().unwrap_or(0);
    let (w, p, b) = (first.width, first.pooled_width, texts.len());
    let (mut tokens, mut mask, mut pooled) = (vec![0f32; b * length * w], vec![0u8; b * length], Vec::new());
    for (i, &(encoded, text)) in texts.iter().enumerate() {
        let span = span((encoded, text));
        mask[i * length..][..span.len()].fill(1);
        let states = &encoded.tokens[span.start * w..span.end * w];
        tokens[i * length * w..].iter_mut().zip(states).for_each(|(to, from)| *to = from.to_f32());
        pooled.extend_from_slice(&encoded.pooled[text * p..][..p]);
    }
    Ok(TextInput {
        tokens: Tensor::from_vec(tokens, (b, length, w), device)?,
        mask: Tensor::from_vec(mask, (b, length), device)?,
        pooled: Tensor::from_vec(pooled, (b, p), device)?,
    })
}

impl Pool<'_> {
    fn name(&self) -> &'static str {
        match self.footage {
            Footage::Pictures => "pictures",
            Footage::Clips => "clips",
        }
    }

    /// Frames and caption of an example.
    fn example(&self, index: u64) -> Result<(Vec<RgbImage>, String), TrainError> {
        let &Self { source, footage, seed, .. } = self;
        match footage {
            Footage::Pictures => {
                let example = match &self.shares {
                    Some(shares) => source.example_of(shares.kind(index), seed, index),
                    None => source.example(seed, index),
                };
                Ok((vec![example.image], example.caption))
            }
            Footage::Clips => {
                let none = || TrainError::Recipe(format!("the data `{}` have no clips", source.id()));
                source.clip(seed, index).map(|clip| (clip.frames, clip.caption)).ok_or_else(none)
            }
        }
    }
}

impl Encoded {
    fn of(
        encoder: &dyn TextEncoder,
        texts: &[String],
        progress: &mut dyn FnMut(usize) -> Control,
    ) -> Result<Self, TrainError> {
        let encode = |chunk: &[String]| {
            single_threaded(|| {
                let encoding = encoder.encode(&chunk.iter().map(String::as_str).collect::<Vec<_>>())?;
                let tokens = encoding.tokens.to_dtype(DType::F32)?.to_vec3::<f32>()?;
                let lengths: Vec<usize> = encoding
                    .mask
                    .to_vec2::<u8>()?
                    .iter()
                    .map(|mask| mask.iter().filter(|&&m| m == 1).count())
                    .collect();
                let pooled = encoding.pooled.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
                let rows = tokens.into_iter().zip(&lengths).flat_map(|(rows, &n)| rows.into_iter().take(n).flatten());
                Ok::<_, TrainError>((rows.map(f16::from_f32).collect::<Vec<_>>(), lengths, pooled))
            })
        };
        let parts = in_chunks(texts, encode, progress)?;
        let (mut tokens, mut starts, mut pooled) = (Vec::new(), vec![0u32], Vec::new());
        for (part, lengths, vectors) in parts {
            tokens.extend(part);
            pooled.extend(vectors);
            for length in lengths {
                starts.push(starts[starts.len() - 1] + length as u32);
            }
        }
        Ok(Self { width: encoder.width(), pooled_width: encoder.pooled_width(), starts, tokens, pooled })
    }
}

/// The corpus file: a cache, rebuilt where it is missing, damaged or of another identity.
impl Corpus {
    fn write(&self, path: &Path, identity: &str) -> Result<(), TrainError> {
        let fault = |e: &dyn std::fmt::Display| TrainError::State { path: path.to_owned(), reason: e.to_string() };
        let mut views: Vec<(String, Dtype, Vec<usize>, &[u8])> = vec![
            (
                "latents".into(),
                Dtype::F32,
                [&[self.len(), self.frames], &self.latent_shape[..]].concat(),
                bytemuck::cast_slice(&self.latents),
            ),
            ("text_of".into(), Dtype::U32, vec![self.len()], bytemuck::cast_slice(&self.text_of)),
            ("exam".into(), Dtype::U32, vec![self.exam.len()], bytemuck::cast_slice(&self.exam)),
        ];
        let halves: Vec<Vec<u16>> =
            self.encoders.iter().map(|e| e.tokens.iter().map(|value| value.to_bits()).collect()).collect();
        for (i, (encoded, tokens)) in self.encoders.iter().zip(&halves).enumerate() {
            let texts = encoded.starts.len() - 1;
            let rows = encoded.tokens.len() / encoded.width;
            views.push((format!("tokens.{i}"), Dtype::F16, vec![rows, encoded.width], bytemuck::cast_slice(tokens)));
            views.push((format!("starts.{i}"), Dtype::U32, vec![texts + 1], bytemuck::cast_slice(&encoded.starts)));
            let pooled = bytemuck::cast_slice(&encoded.pooled);
            views.push((format!("pooled.{i}"), Dtype::F32, vec![texts, encoded.pooled_width], pooled));
        }
        let views =
            views.into_iter().map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(dtype, shape, bytes)?)));
        let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>().map_err(|e| fault(&e))?;
        write_atomically(path, &sealed(views, IDENTITY, identity.to_owned()).map_err(|e| fault(&e))?)
    }

    /// Of so many encoders.
    fn read(path: &Path, identity: &str, encoders: usize) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let (_, metadata) = SafeTensors::read_metadata(&bytes).ok()?;
        let metadata = metadata.metadata().as_ref()?;
        let tensors = SafeTensors::deserialize(&bytes).ok()?;
        if metadata.get(IDENTITY)? != identity || !is_whole(&tensors, metadata, IDENTITY) {
            return None;
        }
        let f32s = |name: &str| Some(bytemuck::pod_collect_to_vec::<u8, f32>(tensors.tensor(name).ok()?.data()));
        let u32s = |name: &str| Some(bytemuck::pod_collect_to_vec::<u8, u32>(tensors.tensor(name).ok()?.data()));
        let encoded = |i: usize| {
            let tokens = tensors.tensor(&format!("tokens.{i}")).ok()?;
            let bits = bytemuck::pod_collect_to_vec::<u8, u16>(tokens.data());
            Some(Encoded {
                width: *tokens.shape().get(1)?,
                pooled_width: *tensors.tensor(&format!("pooled.{i}")).ok()?.shape().get(1)?,
                starts: u32s(&format!("starts.{i}"))?,
                tokens: bits.into_iter().map(f16::from_bits).collect(),
                pooled: f32s(&format!("pooled.{i}"))?,
            })
        };
        let shape = tensors.tensor("latents").ok()?.shape().to_vec();
        Some(Self {
            latent_shape: [*shape.get(2)?, *shape.get(3)?, *shape.get(4)?],
            frames: *shape.get(1)?,
            latents: f32s("latents")?,
            text_of: u32s("text_of")?,
            exam: u32s("exam")?,
            encoders: (0..encoders).map(encoded).collect::<Option<_>>()?,
        })
    }
}
