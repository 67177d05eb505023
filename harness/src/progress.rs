//! Progress on stderr: a bar with time left on a terminal, a line now and then elsewhere.

use std::fmt::Write;
use std::io::IsTerminal as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

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
        let template = "{msg:<28} {bar:32} {pos}/{len}  {speed:>8}  {left}";
        // A broken template would fall back to the default bar; this one is a constant.
        if let Ok(style) = ProgressStyle::with_template(template) {
            let speed = |state: &ProgressState, w: &mut dyn Write| drop_result(write!(w, "{:.1}/s", state.per_sec()));
            let left =
                |state: &ProgressState, w: &mut dyn Write| drop_result(w.write_str(&left(state.pos(), state.eta())));
            bar.set_style(style.with_key("speed", speed).with_key("left", left));
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
            let (speed, left) = (self.bar.per_sec(), left(done, self.bar.eta()));
            eprintln!("{}: {done}/{total}, {speed:.1}/s, {left}", self.bar.message());
        }
    }

    /// `count` were done before: they are no measure of the speed.
    pub fn begin_at(&self, count: usize) {
        self.bar.set_position(count as u64);
        self.bar.reset_eta();
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

impl Drop for Progress {
    /// Where a stage fails, its error stands on a line of its own.
    fn drop(&mut self) {
        self.finish();
    }
}

/// How long it will take, once there is something to go by.
fn left(done: u64, eta: Duration) -> String {
    if done == 0 { "time left: …".to_owned() } else { format!("{} left", human(eta.as_secs().max(1) as f64)) }
}

/// Writing to a string cannot fail.
fn drop_result(_: std::fmt::Result) {}

/// A duration as people say it.
pub fn human(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 99.5 && s.fract() == 0.0 => format!("{s} s"),
        s if s < 99.5 => format!("{s:.1} s"),
        s if s >= 2.0 * 86_400.0 => format!("{:.1} days", s / 86_400.0),
        s if s >= 2.0 * 3_600.0 => format!("{:.1} h", s / 3_600.0),
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
        assert_eq!(left(0, Duration::ZERO), "time left: …");
        assert_eq!(left(3, Duration::from_millis(42_400)), "42 s left");
        assert_eq!(human(605.0), "10 min 05 s");
        assert_eq!((human(9_000.0).as_str(), human(216_000.0).as_str()), ("2.5 h", "2.5 days"));
    }
}
