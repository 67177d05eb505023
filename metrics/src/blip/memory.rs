//! What was seen of pictures, and said of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use image::RgbImage;

use super::network::Seen;
use crate::perception::Answer;

/// Pictures whose tokens are kept, at 69 MB each. They are needed again only where other phrases are asked of a picture, which no category's
/// scores do.
const SEEN: usize = 4;

/// Answers that are kept at least, a picture each of 3 MB at 1024 pixels; on a machine of more threads, one for each of them, so that
/// pictures that are scored side by side do not push each other out.
const TOLD: usize = 16;

/// Remembers the last pictures: what the network saw of them, and what it answered to which phrases.
///
/// Answers are those to the same phrases in the same order and in one question: what is remembered, and so how many threads ask, can decide
/// how long an answer takes, and not its bits.
pub(super) struct Memory {
    kept: Mutex<Kept>,
    told: usize,
}

#[derive(Default)]
struct Kept {
    seen: VecDeque<(RgbImage, Arc<Seen>)>,
    told: VecDeque<Told>,
}

struct Told {
    image: RgbImage,
    phrases: Vec<String>,
    answers: Vec<Answer>,
}

impl Memory {
    /// Of nothing yet, as large as this machine's threads ask for.
    pub(super) fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { kept: Mutex::default(), told: threads.max(TOLD) }
    }

    /// A panic elsewhere leaves the queues whole: entries are pushed and popped at once.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was seen of a picture. Whole pictures are compared: a digest would be as slow and could lie.
    pub(super) fn seen(&self, image: &RgbImage) -> Option<Arc<Seen>> {
        self.kept().seen.iter().find(|(known, _)| known == image).map(|(_, seen)| Arc::clone(seen))
    }

    /// Keeps what was seen of a picture.
    pub(super) fn see(&self, image: &RgbImage, seen: &Arc<Seen>) {
        let entry = (image.clone(), Arc::clone(seen));
        let mut kept = self.kept();
        kept.seen.push_front(entry);
        kept.seen.truncate(SEEN);
    }

    /// What was answered to exactly these phrases about a picture.
    pub(super) fn told(&self, image: &RgbImage, phrases: &[&str]) -> Option<Vec<Answer>> {
        let kept = self.kept();
        let same = |told: &&Told| told.phrases == phrases && told.image == *image;
        kept.told.iter().find(same).map(|told| told.answers.clone())
    }

    /// Keeps what was answered.
    pub(super) fn tell(&self, image: &RgbImage, phrases: &[&str], answers: &[Answer]) {
        let phrases = phrases.iter().map(|&phrase| phrase.to_owned()).collect();
        let told = Told { image: image.clone(), phrases, answers: answers.to_vec() };
        let mut kept = self.kept();
        kept.told.push_front(told);
        kept.told.truncate(self.told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(level: u8) -> RgbImage {
        RgbImage::from_pixel(3, 2, image::Rgb([level; 3]))
    }

    fn answer(yes: f64) -> Vec<Answer> {
        vec![Answer { yes, why: String::new() }]
    }

    #[test]
    fn answers_are_of_the_same_picture_and_the_same_phrases() {
        let memory = Memory::new();
        memory.tell(&picture(1), &["a cat", "a dog"], &answer(0.25));
        assert_eq!(memory.told(&picture(1), &["a cat", "a dog"]), Some(answer(0.25)));
        assert_eq!(memory.told(&picture(1), &["a cat"]), None);
        assert_eq!(memory.told(&picture(1), &["a dog", "a cat"]), None);
        assert_eq!(memory.told(&picture(2), &["a cat", "a dog"]), None);
    }

    #[test]
    fn the_last_pictures_stay() {
        assert!(Memory::new().told >= TOLD);
        let memory = Memory { told: 3, ..Memory::new() };
        for level in 0..3 {
            memory.tell(&picture(level), &["a cat"], &answer(f64::from(level)));
        }
        assert_eq!(memory.told(&picture(0), &["a cat"]), Some(answer(0.0)));
        memory.tell(&picture(3), &["a cat"], &answer(3.0));
        assert_eq!(memory.told(&picture(0), &["a cat"]), None);
        assert_eq!(memory.told(&picture(1), &["a cat"]), Some(answer(1.0)));
    }
}
