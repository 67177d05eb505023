//! Where training data come from: the caller's business.

use super::Exam;
use image::RgbImage;

/// A picture and what it shows.
pub struct Example {
    /// Square, the size the networks are configured for.
    pub image: RgbImage,
    /// What the text encoders read.
    pub caption: String,
}

/// A clip and what happens in it.
pub struct ClipExample {
    /// In order; square, the size the networks are configured for.
    pub frames: Vec<RgbImage>,
    /// What the text encoders read.
    pub caption: String,
}

/// Training data without end, addressable in any order: the same (seed, index) is always the same example.
pub trait Source: Sync {
    /// Names the data and its version; part of every checkpoint's identity.
    fn id(&self) -> String;
    /// A picture with its caption.
    fn example(&self, seed: u64, index: u64) -> Example;
    /// The kinds that examples are of, all equally frequent, where the source tells them apart.
    fn kinds(&self) -> Vec<String> {
        Vec::new()
    }
    /// A picture of one of [`Self::kinds`] with its caption; of any where there is no such kind.
    fn example_of(&self, _kind: &str, seed: u64, index: u64) -> Example {
        self.example(seed, index)
    }
    /// A caption like that of the example of the same index and false of its picture, in what goes with what rather than in its words;
    /// `None` where there is none to be had.
    fn hard_negative(&self, _seed: u64, _index: u64) -> Option<String> {
        None
    }
    /// Text alone, for span corruption.
    fn document(&self, seed: u64, index: u64) -> String;
    /// Every word of pictures' texts.
    fn vocabulary(&self) -> Vec<String>;
    /// The words that clips' texts have beside those.
    fn clip_vocabulary(&self) -> Vec<String> {
        Vec::new()
    }
    /// How many clips there are, where they have an end: then their indices begin anew.
    fn clips(&self) -> Option<u64> {
        None
    }
    /// A clip with its caption, where the source has clips.
    fn clip(&self, _seed: u64, _index: u64) -> Option<ClipExample> {
        None
    }
    /// What a network of pictures is asked now and then while it trains.
    fn exam(&self) -> Option<&dyn Exam> {
        None
    }
}
