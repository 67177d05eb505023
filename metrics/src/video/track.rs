//! One object through a clip, and what its way says.

use gentron_suites::Motion;

/// Where an object was seen in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sighting {
    /// `x1, y1, x2, y2`, pixels.
    pub bbox: [f32; 4],
    /// Its middle, x before y; about it a turning object turns.
    pub center: [f32; 2],
    /// Side of the box that it would fill if it were upright.
    pub side: f32,
    /// Degrees that it is turned clockwise, where that can be told.
    pub turn: Option<f32>,
}

impl Sighting {
    /// An upright object that fills this box.
    #[must_use]
    pub fn of_box(bbox: [f32; 4], turn: Option<f32>) -> Self {
        let [x1, y1, x2, y2] = bbox;
        let side = ((x2 - x1).max(0.0) * (y2 - y1).max(0.0)).sqrt();
        Self { bbox, center: [(x1 + x2) / 2.0, (y1 + y2) / 2.0], side, turn }
    }

    fn area(&self) -> f64 {
        let [x1, y1, x2, y2] = self.bbox.map(f64::from);
        (x2 - x1).max(0.0) * (y2 - y1).max(0.0)
    }
}

/// An object's sightings, frame by frame; `None` where it was not seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Track {
    /// In the order of the frames.
    pub sightings: Vec<Option<Sighting>>,
}

/// What an object did from the first frame to the last, by straight lines through its sightings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moved {
    /// Shift of the centre to the right, in shares of the frame's width.
    pub right: f64,
    /// Shift of the centre downwards, in shares of the frame's height.
    pub down: f64,
    /// Factor by which it has grown.
    pub growth: f64,
    /// Degrees clockwise; 0 where nothing could be told.
    pub turned: f64,
}

/// How large and how central an object is, means over the frames in which it was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Subject {
    /// Share of the frame that its box covers.
    pub size: f64,
    /// 1 where its centre is the frame's, 0 where it is in a corner.
    pub centrality: f64,
}

/// An object must be seen in this share of the frames for its way to be told.
const LEAST_SEEN: f64 = 0.5;
/// A shift of this share of the frame is a movement; one of less than half of it is none.
const SHIFT: f64 = 0.1;
/// A factor of growth that counts, either way; one within its root is none.
const GROWTH: f64 = 1.4;
/// Degrees that count as a turn; less than half of them do not.
const TURN: f64 = 24.0;

impl Track {
    /// What it did in frames of `width` by `height` pixels; `None` where it was seen in too few frames.
    #[must_use]
    pub fn moved(&self, width: u32, height: u32) -> Option<Moved> {
        let frames = self.sightings.len();
        let seen: Vec<(f64, Sighting)> =
            self.sightings.iter().enumerate().filter_map(|(t, seen)| Some((t as f64, (*seen)?))).collect();
        if seen.len() < 2 || (seen.len() as f64) < LEAST_SEEN * frames as f64 {
            return None;
        }
        let way = |value: &dyn Fn(&Sighting) -> Option<f64>| {
            let points: Vec<(f64, f64)> = seen.iter().filter_map(|(t, seen)| Some((*t, value(seen)?))).collect();
            slope(&points).map(|slope| slope * (frames - 1) as f64)
        };
        Some(Moved {
            right: way(&|seen| Some(f64::from(seen.center[0])))? / f64::from(width),
            down: way(&|seen| Some(f64::from(seen.center[1])))? / f64::from(height),
            growth: way(&|seen| (seen.side > 0.0).then(|| f64::from(seen.side).ln()))?.exp(),
            turned: way(&|seen| seen.turn.map(f64::from)).unwrap_or(0.0),
        })
    }

    /// How large and central it is in frames of `width` by `height` pixels; `None` where it was never seen.
    #[must_use]
    pub fn subject(&self, width: u32, height: u32) -> Option<Subject> {
        let (width, height) = (f64::from(width), f64::from(height));
        let half_diagonal = width.hypot(height) / 2.0;
        let seen: Vec<&Sighting> = self.sightings.iter().flatten().collect();
        let mean = |value: &dyn Fn(&Sighting) -> f64| {
            (!seen.is_empty()).then(|| seen.iter().map(|seen| value(seen)).sum::<f64>() / seen.len() as f64)
        };
        let away = |seen: &Sighting| {
            let [x, y] = seen.center.map(f64::from);
            (x - width / 2.0).hypot(y - height / 2.0) / half_diagonal
        };
        Some(Subject {
            size: mean(&|seen| seen.area() / (width * height))?,
            centrality: mean(&|seen| (1.0 - away(seen)).max(0.0))?,
        })
    }
}

impl Moved {
    /// Whether this is the motion, and no other: a clear change of the one kind, none of the others.
    #[must_use]
    pub fn is(&self, motion: Motion) -> bool {
        let held = self.right.abs() < SHIFT / 2.0 && self.down.abs() < SHIFT / 2.0;
        let kept = self.growth.ln().abs() < GROWTH.ln() / 2.0;
        let upright = self.turned.abs() < TURN / 2.0;
        // Along one axis, and along it much further than along the other.
        let shifted = |along: f64, across: f64| along >= SHIFT && across.abs() < along / 2.0 && kept && upright;
        match motion {
            Motion::Still => held && kept && upright,
            Motion::Left => shifted(-self.right, self.down),
            Motion::Right => shifted(self.right, self.down),
            Motion::Up => shifted(-self.down, self.right),
            Motion::Down => shifted(self.down, self.right),
            Motion::Grow => held && self.growth >= GROWTH,
            Motion::Shrink => held && self.growth <= GROWTH.recip(),
            Motion::Turn => held && self.turned >= TURN,
        }
    }
}

/// Slope of the least-squares line; `None` for points at fewer than two places.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let n = points.len() as f64;
    let (mean_x, mean_y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let spread: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    (spread > 0.0).then(|| points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum::<f64>() / spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gentron_suites::shapes::CANVAS;
    use gentron_suites::shapes::motion::{FRAMES, training_clip};

    fn track(boxes: impl IntoIterator<Item = [f32; 4]>) -> Track {
        Track { sightings: boxes.into_iter().map(|bbox| Some(Sighting::of_box(bbox, None))).collect() }
    }

    #[test]
    fn a_straight_way_is_measured_exactly_even_with_gaps() {
        let mut track = track((0..8).map(|t| [10.0 + t as f32, 20.0, 20.0 + t as f32, 30.0]));
        let want = Moved { right: 7.0 / 64.0, down: 0.0, growth: 1.0, turned: 0.0 };
        let close = |got: Moved| {
            [got.right - want.right, got.down - want.down, got.growth - want.growth].iter().all(|d| d.abs() < 1e-9)
        };
        assert!(close(track.moved(64, 64).unwrap()));
        track.sightings[3] = None;
        assert!(close(track.moved(64, 64).unwrap()));
        track.sightings[4..].fill(None);
        assert_eq!(track.moved(64, 64), None, "seen in three of eight frames");
    }

    #[test]
    fn every_staged_motion_is_told_from_every_other() {
        for index in 0..600 {
            for actor in training_clip(11, index).clip.actors {
                let sighting = |frame| {
                    let object = actor.at(frame);
                    Some(Sighting::of_box(object.bbox(), Some(object.turn)))
                };
                let track = Track { sightings: (0..FRAMES).map(sighting).collect() };
                let moved = track.moved(CANVAS, CANVAS).unwrap();
                for motion in Motion::ALL {
                    assert_eq!(moved.is(motion), motion == actor.motion, "{motion:?} of {:?}: {moved:?}", actor.motion);
                }
            }
        }
    }

    #[test]
    fn size_and_centrality_have_closed_forms() {
        let all = track([[0.0, 0.0, 64.0, 64.0]; 3]).subject(64, 64).unwrap();
        assert_eq!((all.size, all.centrality), (1.0, 1.0));
        let corner = track([[0.0, 0.0, 32.0, 32.0]; 2]).subject(64, 64).unwrap();
        assert!((corner.size - 0.25).abs() < 1e-12 && (corner.centrality - 0.5).abs() < 1e-12, "{corner:?}");
        assert_eq!(Track::default().subject(64, 64), None);
    }
}
