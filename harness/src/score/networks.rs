//! The networks that score photographs: what each needs, where it is looked for, and how one gets it.
//!
//! A folder is named on the command line or in a recipe's `[scorers]`; otherwise `$GENTRON_SCORERS/<key>` is looked at,
//! then `gentron/scorers/<key>` in the user's data folder.

use std::path::{Path, PathBuf};

use crate::registry::places::data_folder;

/// The variable that names a folder of scorers.
pub const VARIABLE: &str = "GENTRON_SCORERS";

/// A network that scores photographs.
#[derive(Debug)]
pub struct Network {
    /// Its folder's name, and the option's.
    pub key: &'static str,
    /// What it is.
    pub name: &'static str,
    /// What it scores.
    pub scores: &'static str,
    /// Files that must be there; each may have several names.
    pub files: &'static [&'static [&'static str]],
    /// Addresses of the files, in their order; those of UniDet and DPT are in the official README.
    pub addresses: &'static [&'static str],
}

/// All of them.
pub static NETWORKS: [Network; 9] = [
    Network {
        key: "blip",
        name: "BLIP-VQA",
        scores: "b-vqa, 3-in-1",
        files: &[&["model_base_vqa_capfilt_large.pth", "model.safetensors", "pytorch_model.bin"], &["vocab.txt"]],
        addresses: &[
            "https://storage.googleapis.com/sfr-vision-language-research/BLIP/models/model_base_vqa_capfilt_large.pth",
            "https://huggingface.co/google-bert/bert-base-uncased/resolve/main/vocab.txt",
        ],
    },
    Network {
        key: "clip",
        name: "CLIP ViT-B/32",
        scores: "clipscore, 3-in-1, FD-CLIP, CMMD",
        files: &[&["model.safetensors"], &["config.json"], &["tokenizer.json"]],
        addresses: &[
            "https://huggingface.co/openai/clip-vit-base-patch32/resolve/main/model.safetensors",
            "https://huggingface.co/openai/clip-vit-base-patch32/resolve/main/config.json",
            "https://huggingface.co/openai/clip-vit-base-patch32/resolve/main/tokenizer.json",
        ],
    },
    Network {
        key: "unidet-r50",
        name: "UniDet, ResNet-50",
        scores: "unidet-3d, unidet-numeracy",
        files: &[&["Unified_learned_OCIM_R50_6x+2x.pth", "Unified_learned_OCIM_R50_6x+2x.safetensors"]],
        addresses: &[
            "https://huggingface.co/datasets/lhndzn/Unidet-R50/resolve/main/Unified_learned_OCIM_R50_6x+2x.pth",
        ],
    },
    Network {
        key: "unidet-rs200",
        name: "UniDet, ResNeSt-200",
        scores: "unidet-2d, 3-in-1",
        files: &[&["Unified_learned_OCIM_RS200_6x+2x.pth", "Unified_learned_OCIM_RS200_6x+2x.safetensors"]],
        addresses: &[
            "https://huggingface.co/shikunl/prismer/resolve/main/expert_weights/Unified_learned_OCIM_RS200_6x%2B2x.pth",
        ],
    },
    Network {
        key: "depth",
        name: "DPT-Hybrid, MiDaS",
        scores: "unidet-3d",
        files: &[&["dpt_hybrid-midas-501f0c75.pt", "dpt_hybrid-midas-501f0c75.safetensors"]],
        addresses: &[
            "https://huggingface.co/lllyasviel/ControlNet/resolve/main/annotator/ckpts/dpt_hybrid-midas-501f0c75.pt",
        ],
    },
    Network {
        key: "pickscore",
        name: "PickScore, CLIP ViT-H/14",
        scores: "pickscore",
        files: &[&["model.safetensors"], &["config.json"], &["tokenizer.json"]],
        addresses: &[
            "https://huggingface.co/yuvalkirstain/PickScore_v1/resolve/main/model.safetensors",
            "https://huggingface.co/yuvalkirstain/PickScore_v1/resolve/main/config.json",
            "https://huggingface.co/laion/CLIP-ViT-H-14-laion2B-s32B-b79K/resolve/main/tokenizer.json",
        ],
    },
    Network {
        key: "hpsv2",
        name: "HPSv2.1, CLIP ViT-H/14",
        scores: "hpsv2.1",
        files: &[&["HPS_v2.1_compressed.pt", "HPS_v2.1_compressed.safetensors"], &["tokenizer.json"]],
        addresses: &[
            "https://huggingface.co/xswu/HPSv2/resolve/main/HPS_v2.1_compressed.pt",
            "https://huggingface.co/laion/CLIP-ViT-H-14-laion2B-s32B-b79K/resolve/main/tokenizer.json",
        ],
    },
    Network {
        key: "image-reward",
        name: "ImageReward v1.0, BLIP ViT-L/16",
        scores: "image-reward",
        files: &[&["ImageReward.pt", "ImageReward.safetensors"], &["vocab.txt"]],
        addresses: &[
            "https://huggingface.co/THUDM/ImageReward/resolve/main/ImageReward.pt",
            "https://huggingface.co/google-bert/bert-base-uncased/resolve/main/vocab.txt",
        ],
    },
    Network {
        key: "inception",
        name: "Inception v3 of FID",
        scores: "FID",
        files: &[&["pt_inception-2015-12-05-6726825d.pth"]],
        addresses: &[
            "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
        ],
    },
];

impl Network {
    /// The network of this key.
    pub fn find(key: &str) -> Option<&'static Self> {
        NETWORKS.iter().find(|network| network.key == key)
    }

    /// Folders that are looked at when none is named, with who named them.
    pub fn places(&self) -> Vec<(PathBuf, &'static str)> {
        let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let variable = variable.map(|folder| (folder.join(self.key), "$GENTRON_SCORERS"));
        variable.into_iter().chain(scorers().map(|folder| (folder.join(self.key), "the data folder"))).collect()
    }

    /// The first place that has every file.
    pub fn found(&self) -> Option<(PathBuf, &'static str)> {
        self.places().into_iter().find(|(folder, _)| self.lacks(folder).is_empty())
    }

    /// Files that are not in a folder, by their first names.
    pub fn lacks(&self, folder: &Path) -> Vec<&'static str> {
        let there = |names: &&[&str]| names.iter().any(|name| folder.join(name).is_file());
        self.files.iter().filter(|names| !there(names)).filter_map(|names| names.first().copied()).collect()
    }

    /// A command that brings the files to where they are looked for.
    pub fn command(&self) -> String {
        let folder = scorers().map_or_else(|| PathBuf::from(self.key), |folder| folder.join(self.key));
        let file = |(names, address): (&&[&str], &&str)| {
            let name = names.first().copied().unwrap_or_default();
            // Large files there come behind a question that curl does not answer.
            let program = if address.contains("drive.google") { "gdown -O" } else { "curl -L --fail -o" };
            format!("{program} {name} {address}")
        };
        let files: Vec<String> = self.files.iter().zip(self.addresses).map(file).collect();
        format!("mkdir -p {0} && cd {0} && {1}", folder.display(), files.join(" && "))
    }
}

/// `gentron/scorers` in the user's data folder.
fn scorers() -> Option<PathBuf> {
    Some(data_folder()?.parent()?.join("scorers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lacks_what_has_none_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let blip = Network::find("blip").unwrap();
        assert_eq!(blip.lacks(folder.path()), ["model_base_vqa_capfilt_large.pth", "vocab.txt"]);
        std::fs::write(folder.path().join("pytorch_model.bin"), b"").unwrap();
        assert_eq!(blip.lacks(folder.path()), ["vocab.txt"]);
    }

    #[test]
    fn every_file_is_brought_under_its_first_name() {
        for network in &NETWORKS {
            for (names, address) in network.files.iter().zip(network.addresses) {
                assert!(network.command().contains(&format!(" {} {address}", names[0])), "{}", network.command());
            }
            assert_eq!(network.files.len(), network.addresses.len());
        }
    }
}
