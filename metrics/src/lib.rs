//! Scores of generated images: from a prompt and an image to observations with reasons. It must never know which arm drew an image, how it
//! was drawn, or where anything is kept.
//!
//! Three layers, each usable alone:
//!
//! - [`perception`] says what a scorer must be able to see, as four traits. [`shapes::ShapesPerception`] sees exactly,
//!   in the small world of drawn shapes; networks implement the same traits for photographs.
//! - [`formulas`] are T2I-CompBench's official scores as pure functions of what was seen.
//! - [`measure()`] puts both together for one image: an [`Observation`] a metric, with its [`Reason`]s, or why it is
//!   unscored, or [`outside()`] of what the prompt can be asked. [`registry()`] explains each metric.
//!
//! ```
//! use gentron_metrics::{Backends, measure, official_metrics, shapes::ShapesPerception};
//! use gentron_suites::{Suite, shapes};
//!
//! let suite = shapes::suite();
//! let prompt = &suite.prompts()[0];
//! let image = shapes::render(&shapes::scene_for(prompt, 1));
//! let eyes = ShapesPerception::new();
//! let backends = Backends::new(&eyes, &eyes);
//! for observation in measure(prompt, &image, &backends, &official_metrics(&prompt.category)) {
//!     assert_eq!(observation.outcome.value(), Some(1.0));
//! }
//! ```

pub mod average;
pub mod blip;
pub mod canary;
pub mod card;
pub mod clip_text;
pub mod depth;
pub mod detections;
pub mod detector;
pub mod error;
mod file;
pub mod formulas;
pub mod frechet;
mod kernels;
pub mod measure;
pub mod observation;
pub mod official;
pub mod perception;
pub mod pixels;
pub mod shapes;
pub mod video;
pub mod wanted;
pub mod weights;

pub use average::Average;
pub use card::{MetricCard, MetricId, clip_metrics, metrics_for, metrics_over_phrases, official_metrics, registry};
pub use error::MetricError;
pub use measure::{
    Backends, ClipBackends, Preferences, action_phrase, also_by, measure, measure_clip, outside, score_name, unscored,
};
pub use observation::{Observation, Outcome, Reason};
pub use perception::{Answer, DepthMap, Detection, Detections, Detector, ImageText, Preference, Tracker, Vqa};
pub use wanted::Mode;
