//! BLIP-VQA: how probable is "yes" to "a red car?", as T2I-CompBench asks it (arXiv 2201.12086, `vqa.yaml` at 480 px).
//!
//! A ViT sees the picture, a BERT encoder reads the question while looking at it, a BERT decoder answers. All questions
//! are one pass of one network:
//!
//! ```text
//! picture ─► Vit ─► tokens (901, 768) ─► keys and values a layer ─┐ once a picture
//! "a red car?" ─► Words ─► [ENC] a red car ? [SEP] ─► QuestionEncoder ─► states ─► AnswerDecoder([DEC]) ─► yes, no
//! ```
//!
//! Questions are packed without padding, so no mask is needed and none of them feels the others: the same picture and
//! phrase give the same bits in any company. `P(yes) = softmax(logits)[yes] / (softmax[yes] + softmax[no])` is exactly
//! `sigmoid(yes − no)`, and is computed so.
//!
//! [`ImageReward`] is the same eye and question encoder at other sizes, with a number behind them instead of an answer.

mod answer;
mod config;
mod layer;
mod layout;
mod memory;
mod network;
mod positions;
mod question;
mod reward;
mod vision;
mod vqa;
mod words;

pub use config::{BertConfig, BlipConfig, VitConfig};
pub use layout::Layout;
pub use network::{BlipNetwork, Seen};
pub use reward::{IMAGE_REWARD, ImageReward, RewardConfig, RewardNetwork};
pub(crate) use vision::Block;
pub use vqa::{BLIP_VQA, BlipVqa};
pub use words::{Words, pre_question};
