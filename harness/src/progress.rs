//! Progress on stderr: a bar with time left on a terminal, a line now and then elsewhere.

use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

static QUIET: AtomicBool = AtomicBool::new(false);

/// How often a line is written where there is no terminal.
const PERIOD: Duration = Duration::from_secs(15);

/// Says nothing from now on, except errors.
pub fn be_quiet() {
    QUIET.store(true, Ordering::SeqCst);
}

/// One sentence on stderr, unless quiet.
pub fn say(line: &str) {
    if !QUIET.load(Ordering::SeqCst) {
        eprintln!("{line}");
    }
}

/// Progress through a known number of images.
pub struct Progress {
    bar: ProgressBar,
    label: String,
    /// When the last line was written, where there is no terminal.
    lines: Option<Mutex<Instant>>,
}

impl Progress {
    /// `total` images lie ahead.
    pub fn new(label: &str, total: usize) -> Self {
        let quiet = QUIET.load(Ordering::SeqCst);
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal && !quiet { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target).with_message(label.to_owned());
        let template = "{msg:<28} {bar:32} {pos}/{len}  {per_sec:>9}  {eta} left";
        // The template is a constant that the tests render; a broken one would fall back to the default bar.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key(
                "per_sec",
                |state: &indicatif::ProgressState, w: &mut dyn std::fmt::Write| {
                    // Writing to a string cannot fail.
                    let _ = write!(w, "{:.1}/s", state.per_sec());
                },
            ));
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        let lines = (!terminal && !quiet).then(|| Mutex::new(Instant::now()));
        Self { bar, label: label.to_owned(), lines }
    }

    /// `count` more images are done.
    pub fn advance(&self, count: usize) {
        self.bar.inc(count as u64);
        let Some(lines) = &self.lines else { return };
        let Ok(mut last) = lines.try_lock() else { return };
        if last.elapsed() >= PERIOD {
            *last = Instant::now();
            let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
            eprintln!("{}: {done}/{total}, {} s left", self.label, self.bar.eta().as_secs());
        }
    }

    /// Says more beside the bar than the label.
    pub fn remark(&self, remark: &str) {
        self.bar.set_message(format!("{} {remark}", self.label));
    }

    /// Writes a line without disturbing the bar.
    pub fn say(&self, line: &str) {
        self.bar.suspend(|| say(line));
    }

    /// Leaves the terminal clean.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A duration as people say it.
pub fn human(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 99.5 => format!("{s:.1} s"),
        s => format!("{} min {:02} s", (s / 60.0) as u64, (s % 60.0) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(human(0.25), "250 ms");
        assert_eq!(human(12.34), "12.3 s");
        assert_eq!(human(605.0), "10 min 05 s");
    }
}
