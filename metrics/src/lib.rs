//! Scores of generated images, for the project `gentron`.
pub mod card;
pub mod error;
pub mod formulas;
pub mod measure;
pub mod observation;
pub mod perception;
pub mod shapes;

pub use card::{MetricCard, MetricId, official_metrics, registry};
pub use error::MetricError;
pub use measure::{Backends, action_phrase, measure, unscored};
pub use observation::{Observation, Outcome, Reason};
pub use perception::{Answer, DepthMap, Detection, Detections, Detector, ImageText, Vqa};
