//! The files of the official scripts: the folder of images that they read, the results that they write.
//!
//! [`SampleFolder`] finds prompts and numbers in `OUT/samples/{prompt}_{NNNNNN}.png`. [`ResultFile`] says which script
//! writes what where; [`write_results`] and [`write_blip_phrases`] write the same bytes, so that a folder scored here
//! can be compared with one scored by the official scripts, file by file; [`read_answers`] reads either.
//!
//! Not written: `config.yaml` of each BLIP run, `labels/depth` and the folders of the GPT-4V and ShareGPT4V judges.

mod answers;
mod folder;
mod python;
mod results;
mod summary;
mod three;
mod write;

pub use answers::{Answer, read_answers};
pub use folder::{Matched, Sample, SampleFolder};
pub use python::{json_string, pairwise_mean, repr};
pub use results::{ResultFile, Scored};
pub use three::{IMAGES_A_PROMPT, three_in_one_of_folder};
pub use write::{BlipQuestion, write_blip_phrases, write_results};
