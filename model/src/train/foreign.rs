//! A GenTron that begins with the layers of a public DiT or PixArt-α.
//!
//! Four layouts are known, by their names: DiT's and PixArt-α's own, and diffusers' of both. What GenTron has in the same shape is
//! taken; two things are rewritten without changing what they compute: PixArt's one modulation for all blocks becomes each block's own
//! (weight as it is, bias plus the block's table), and of a last layer that also predicts a variance the rows of the noise are taken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use candle_core::{Result, Tensor};

use super::TrainError;
use super::optimizer::Optimizer;
use crate::checkpoint::Foreign;

/// What became of every tensor on either side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Parameters of the network that begin with the checkpoint's numbers.
    pub taken: Vec<String>,
    /// Parameters for which it has nothing.
    pub absent: Vec<String>,
    /// Parameters for which it, or the weight that belongs to it, has another shape: the network's, then the checkpoint's.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
    /// Its tensors that are of no use here.
    pub unused: Vec<String>,
    /// Numbers in what was taken, and in the whole network.
    pub numbers: (u64, u64),
}

/// How a parameter is made of a checkpoint's tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    /// The rows of these, one below the other.
    Rows(Vec<String>),
    /// The sum of a vector and a table with as many numbers.
    Sum(String, String),
}

impl Origin {
    fn of(names: &[&str]) -> Self {
        Self::Rows(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Self::Rows(names) => names.iter().map(String::as_str).collect(),
            Self::Sum(vector, table) => vec![vector, table],
        }
    }

    /// The shape that is made; none where a tensor is not there.
    fn shape(&self, foreign: &Foreign) -> Option<Vec<usize>> {
        match self {
            Self::Rows(names) => {
                let shapes = names.iter().map(|name| foreign.shape(name)).collect::<Option<Vec<_>>>()?;
                let mut shape = shapes.first()?.to_vec();
                *shape.first_mut()? = shapes.iter().map(|shape| shape[0]).sum();
                Some(shape)
            }
            Self::Sum(vector, table) => {
                foreign.shape(table)?;
                foreign.shape(vector).map(<[usize]>::to_vec)
            }
        }
    }

    fn read(&self, foreign: &Foreign) -> Result<Tensor> {
        match self {
            Self::Rows(names) => {
                let parts = names.iter().map(|name| foreign.read(name)).collect::<Result<Vec<_>>>()?;
                if parts.len() == 1 { Ok(parts[0].clone()) } else { Tensor::cat(&parts, 0) }
            }
            Self::Sum(vector, table) => foreign.read(vector)? + foreign.read(table)?.flatten_all()?,
        }
    }
}

/// The places where a parameter may be found, best first.
fn origins(name: &str) -> Vec<Origin> {
    let mut origins = vec![Origin::of(&[name])];
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut at = |places: &[&str]| {
        let names: Vec<String> = places.iter().map(|place| format!("{place}.{end}")).collect();
        origins.push(Origin::Rows(names));
    };
    let block = stem.strip_prefix("blocks.").and_then(|rest| rest.split_once('.'));
    match (stem, block) {
        (_, Some((i, layer))) => {
            let there = |layer: &str| format!("transformer_blocks.{i}.{layer}");
            match layer {
                "attn.qkv" => at(&[&there("attn1.to_q"), &there("attn1.to_k"), &there("attn1.to_v")]),
                "attn.proj" => at(&[&there("attn1.to_out.0")]),
                "cross_attn.q_linear" => at(&[&there("attn2.to_q")]),
                "cross_attn.kv_linear" => at(&[&there("attn2.to_k"), &there("attn2.to_v")]),
                "cross_attn.proj" => at(&[&there("attn2.to_out.0")]),
                "mlp.fc1" => at(&[&there("ff.net.0.proj")]),
                "mlp.fc2" => at(&[&there("ff.net.2")]),
                "adaLN_modulation.1" => {
                    at(&[&there("norm1.linear")]);
                    for (single, table) in [
                        ("t_block.1", format!("blocks.{i}")),
                        ("adaln_single.linear", format!("transformer_blocks.{i}")),
                    ] {
                        let single = format!("{single}.{end}");
                        origins.push(match end {
                            "bias" => Origin::Sum(single, format!("{table}.scale_shift_table")),
                            _ => Origin::Rows(vec![single]),
                        });
                    }
                }
                _ => {}
            }
        }
        ("x_embedder.proj", _) => at(&["pos_embed.proj"]),
        ("t_embedder.mlp.0" | "t_embedder.mlp.2", _) => {
            let linear = if stem.ends_with('0') { "linear_1" } else { "linear_2" };
            at(&[&format!("transformer_blocks.0.norm1.emb.timestep_embedder.{linear}")]);
            at(&[&format!("adaln_single.emb.timestep_embedder.{linear}")]);
        }
        ("final_layer.linear", _) => {
            at(&["proj_out_2"]);
            at(&["proj_out"]);
        }
        ("final_layer.adaLN_modulation.1", _) => at(&["proj_out_1"]),
        _ => {}
    }
    origins
}

/// Of the last layer (p·p·2C, ...) the rows of the noise (p·p·C, ...); both ends of a row are channels of one pixel of a patch.
fn noise_rows(tensor: &Tensor, channels: usize) -> Result<Tensor> {
    let mut shape = tensor.dims().to_vec();
    let rest = shape.split_off(1);
    let pixels = shape[0] / (2 * channels);
    let apart = [&[pixels, 2 * channels], &rest[..]].concat();
    let noise = tensor.reshape(apart)?.narrow(1, 0, channels)?;
    noise.contiguous()?.reshape([&[pixels * channels], &rest[..]].concat())
}

/// Makes the network begin with whatever `foreign` has of it; `channels` are those of its latents.
///
/// # Errors
/// A tensor cannot be read, or there is nothing to take: it is another kind of network.
pub(super) fn take_over(
    optimizer: &mut Optimizer,
    foreign: &Foreign,
    channels: usize,
) -> std::result::Result<TakenOver, TrainError> {
    let mut report = TakenOver::default();
    let mut used = BTreeSet::new();
    let shapes: BTreeMap<String, Vec<usize>> =
        optimizer.slots.iter().map(|slot| (slot.name.clone(), slot.var.dims().to_vec())).collect();
    let find = |name: &str| origins(name).into_iter().find_map(|origin| Some((origin.shape(foreign)?, origin)));
    for slot in &mut optimizer.slots {
        report.numbers.1 += slot.value.len() as u64;
        let Some((got, origin)) = find(&slot.name) else {
            report.absent.push(slot.name.clone());
            continue;
        };
        used.extend(origin.names().into_iter().map(str::to_owned));
        let expected = &shapes[&slot.name];
        let is_last = slot.name.starts_with("final_layer.linear.");
        let with_variance = is_last && got[0] == 2 * expected[0] && got[1..] == expected[1..];
        // A bias means nothing without the weight that it was learnt with.
        let of_weight = || {
            let weight = format!("{}.weight", slot.name.strip_suffix(".bias")?);
            let (expected, got) = (shapes.get(&weight)?, find(&weight)?.0);
            (expected[1..] != got[1..]).then(|| (expected.clone(), got))
        };
        let misfit = if got == *expected || with_variance { of_weight() } else { Some((expected.clone(), got)) };
        if let Some((expected, got)) = misfit {
            report.misshapen.push((slot.name.clone(), expected, got));
            continue;
        }
        let tensor = origin.read(foreign)?;
        let tensor = if with_variance { noise_rows(&tensor, channels)? } else { tensor };
        slot.value = tensor.flatten_all()?.to_vec1()?;
        slot.average.clone_from(&slot.value);
        slot.publish()?;
        report.numbers.0 += slot.value.len() as u64;
        report.taken.push(slot.name.clone());
    }
    if report.taken.is_empty() {
        let what = "has no layer of a GenTron: it is neither a DiT nor a PixArt-α nor a GenTron of this size";
        return Err(TrainError::Recipe(format!("{} {what}", foreign.path().display())));
    }
    report.unused = foreign.names().into_iter().filter(|name| !used.contains(*name)).map(str::to_owned).collect();
    Ok(report)
}

/// Names that differ in a block's number alone, as one, with how many there are.
fn patterns<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let mut parts: Vec<&str> = name.split('.').collect();
        if parts.len() > 1 && parts[0].ends_with("blocks") && number(parts[1]) {
            parts[1] = "*";
        }
        *counts.entry(parts.join(".")).or_default() += 1;
    }
    let line = |(name, count): (String, usize)| if count == 1 { name } else { format!("{name} ({count})") };
    counts.into_iter().map(line).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for TakenOver {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (taken, all) = self.numbers;
        let count = self.taken.len() + self.absent.len() + self.misshapen.len();
        let millions = |numbers: u64| numbers as f64 / 1e6;
        write!(
            f,
            "{} of {count} tensors taken, {:.2} of {:.2} M numbers: ",
            self.taken.len(),
            millions(taken),
            millions(all)
        )?;
        f.write_str(&patterns(self.taken.iter().map(String::as_str)))?;
        if !self.absent.is_empty() {
            write!(f, "\nnot in it, begin as ever: {}", patterns(self.absent.iter().map(String::as_str)))?;
        }
        let mut by_shape: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for (name, expected, got) in &self.misshapen {
            by_shape.entry((got, expected)).or_default().push(name);
        }
        for ((got, expected), names) in by_shape {
            let names = patterns(names.into_iter());
            write!(f, "\nof another shape there, {got:?} and not {expected:?}, begin as ever: {names}")?;
        }
        if !self.unused.is_empty() {
            write!(f, "\nof no use here: {}", patterns(self.unused.iter().map(String::as_str)))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Layout, outline, write_random};
    use crate::gentron::{Conditioning, GenTron, GenTronConfig, TextSource};
    use crate::pixart::{PixArt, PixArtConfig};
    use crate::train::Parameters;
    use candle_core::Device;
    use std::collections::HashMap;

    const WIDTH: usize = 12;

    fn config() -> GenTronConfig {
        GenTronConfig {
            latent_size: 4,
            in_channels: 3,
            hidden_size: WIDTH,
            depth: 2,
            num_heads: 3,
            conditioning: Conditioning::CrossAttention,
            text: vec![TextSource { name: "t5".into(), width: 7, pooled_width: 5 }],
            ..GenTronConfig::default()
        }
    }

    fn fresh() -> Optimizer {
        let parameters = Parameters::new(5);
        GenTron::new(parameters.builder(&Device::Cpu), &config()).unwrap();
        Optimizer::new(parameters.all()).unwrap()
    }

    fn value<'a>(optimizer: &'a Optimizer, name: &str) -> &'a [f32] {
        &optimizer.slots.iter().find(|slot| slot.name == name).unwrap().value
    }

    fn pixart(folder: &std::path::Path) {
        let config = PixArtConfig {
            num_attention_heads: 3,
            attention_head_dim: WIDTH / 3,
            in_channels: 3,
            out_channels: 6,
            num_layers: 2,
            cross_attention_dim: WIDTH,
            sample_size: 4,
            caption_channels: Some(7),
            ..PixArtConfig::default()
        };
        let parameters = outline(|vb| PixArt::new(vb, &config)).unwrap();
        let layout = Layout {
            file: "diffusion_pytorch_model.safetensors",
            dtype: safetensors::Dtype::F32,
            part: None,
            counts: &[],
        };
        write_random(folder, &parameters, layout, 3).unwrap();
    }

    #[test]
    fn a_pixart_in_the_layout_of_diffusers_gives_all_but_what_reads_the_text() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("transformer");
        std::fs::create_dir(&part).unwrap();
        pixart(&part);
        let foreign = Foreign::open(folder.path()).unwrap();
        let mut optimizer = fresh();
        let before = value(&optimizer, "blocks.1.cross_attn.kv_linear.weight").to_vec();
        let report = take_over(&mut optimizer, &foreign, 3).unwrap();

        let read = |name: &str| foreign.read(name).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let to = |end: &str| read(&format!("transformer_blocks.1.attn1.to_{end}.weight"));
        assert_eq!(value(&optimizer, "blocks.1.attn.qkv.weight"), [to("q"), to("k"), to("v")].concat());
        let (bias, table) = (read("adaln_single.linear.bias"), read("transformer_blocks.1.scale_shift_table"));
        let sum: Vec<f32> = bias.iter().zip(&table).map(|(a, b)| a + b).collect();
        assert_eq!(value(&optimizer, "blocks.1.adaLN_modulation.1.bias"), sum);
        assert_eq!(value(&optimizer, "blocks.0.adaLN_modulation.1.weight"), read("adaln_single.linear.weight"));
        // Patches of 2 x 2 with 3 channels of noise, then 3 of variance, for each pixel.
        let out = read("proj_out.weight");
        let rows: Vec<f32> = (0..4).flat_map(|pixel| out[pixel * 6 * WIDTH..][..3 * WIDTH].to_vec()).collect();
        assert_eq!(value(&optimizer, "final_layer.linear.weight"), rows);
        assert_eq!(value(&optimizer, "blocks.1.cross_attn.kv_linear.weight"), before, "it reads another text");
        let text = report.to_string();
        for words in [
            "blocks.*.attn.qkv.weight (2)",
            "[24, 12] and not [24, 7], begin as ever: blocks.*.cross_attn.kv_linear.bias (2), blocks.*.cross_attn.kv_linear.weight (2)",
            "final_layer.adaLN_modulation.1.bias, final_layer.adaLN_modulation.1.weight, pool_embedder",
            "of no use here: caption_projection.linear_1.bias",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let numbers = |names: &[String]| names.iter().map(|name| value(&optimizer, name).len() as u64).sum::<u64>();
        assert_eq!(report.numbers.0, numbers(&report.taken));
    }

    #[test]
    fn a_dit_gives_what_has_its_names_and_diffusers_names_of_it_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (own, theirs) = (folder.path().join("dit.safetensors"), folder.path().join("d.safetensors"));
        let number = |shape: &[usize], seed: f32| {
            let count: usize = shape.iter().product();
            Tensor::from_iter((0..count).map(|i| (i as f32 + seed).sin()), &Device::Cpu)
                .unwrap()
                .reshape(shape)
                .unwrap()
        };
        let d = WIDTH;
        let tensors: [(&str, &[&str], Vec<usize>); 6] = [
            ("x_embedder.proj.weight", &["pos_embed.proj.weight"], vec![d, 3, 2, 2]),
            (
                "t_embedder.mlp.0.weight",
                &["transformer_blocks.0.norm1.emb.timestep_embedder.linear_1.weight"],
                vec![d, 256],
            ),
            (
                "blocks.0.attn.qkv.bias",
                &[
                    "transformer_blocks.0.attn1.to_q.bias",
                    "transformer_blocks.0.attn1.to_k.bias",
                    "transformer_blocks.0.attn1.to_v.bias",
                ],
                vec![3 * d],
            ),
            ("blocks.1.adaLN_modulation.1.weight", &["transformer_blocks.1.norm1.linear.weight"], vec![6 * d, d]),
            ("final_layer.linear.bias", &["proj_out_2.bias"], vec![24]),
            ("final_layer.adaLN_modulation.1.weight", &["proj_out_1.weight"], vec![2 * d, d]),
        ];
        let (mut a, mut b) = (HashMap::new(), HashMap::new());
        for (i, (name, others, shape)) in tensors.iter().enumerate() {
            let tensor = number(shape, i as f32);
            a.insert((*name).to_owned(), tensor.clone());
            for (part, other) in tensor.chunk(others.len(), 0).unwrap().into_iter().zip(*others) {
                b.insert((*other).to_owned(), part.contiguous().unwrap());
            }
        }
        a.insert("y_embedder.embedding_table.weight".into(), number(&[4, d], 0.5));
        candle_core::safetensors::save(&a, &own).unwrap();
        candle_core::safetensors::save(&b, &theirs).unwrap();
        let (mut first, mut second) = (fresh(), fresh());
        let report = take_over(&mut first, &Foreign::open(&own).unwrap(), 3).unwrap();
        let other = take_over(&mut second, &Foreign::open(&theirs).unwrap(), 3).unwrap();
        assert_eq!((report.taken.len(), &report.taken), (6, &other.taken));
        assert_eq!(report.unused, ["y_embedder.embedding_table.weight"]);
        assert!(other.unused.is_empty() && report.misshapen.is_empty());
        for (one, two) in first.slots.iter().zip(&second.slots) {
            assert_eq!(one.value, two.value, "{}", one.name);
            assert_eq!(one.value, one.average, "{}", one.name);
        }
    }

    #[test]
    fn what_is_no_such_network_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let tensors =
            HashMap::from([("encoder.weight", Tensor::zeros(3, candle_core::DType::F32, &Device::Cpu).unwrap())]);
        candle_core::safetensors::save(&tensors, &path).unwrap();
        let error = take_over(&mut fresh(), &Foreign::open(folder.path()).unwrap(), 3).unwrap_err().to_string();
        assert!(error.contains("no layer of a GenTron"), "{error}");
        assert!(Foreign::open(&folder.path().join("nothing")).is_err());
        std::fs::write(folder.path().join("x.pt"), b"no pickle").unwrap();
        assert!(matches!(
            Foreign::open(&folder.path().join("x.pt")),
            Err(crate::checkpoint::CheckpointError::Damaged { .. })
        ));
    }
}
