//! A thin layer over plotters' SVG backend: pixels with fractions, and inks that become CSS classes.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::error::{ReportError, Result};
use crate::statistics::Interval;

/// Plotters rounds to whole pixels, so everything is drawn larger by this factor and scaled back by the view box.
const FINE: f64 = 8.0;

/// What a stroke or an area means; the style sheet decides how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Text, whiskers.
    Text,
    /// Labels of second rank.
    Muted,
    /// Grid lines.
    Grid,
    /// The page behind: the inside of hollow marks.
    Page,
    /// The zero line, chance and ceiling.
    Guide,
    /// An arm by its place in the run.
    Arm(usize),
    /// From −4, worst, over 0 to 4, best.
    Heat(i8),
}

/// Arms beyond this many share colours again; their letters still tell them apart.
const ARM_COLOURS: usize = 8;

/// Code of the worst step of heat; the others follow it.
const HEAT: u8 = 64;

impl Ink {
    fn placeholder(self) -> RGBColor {
        let code = match self {
            Self::Text => 0,
            Self::Muted => 1,
            Self::Grid => 2,
            Self::Page => 3,
            Self::Guide => 4,
            Self::Arm(index) => 16 + (index % ARM_COLOURS) as u8,
            Self::Heat(step) => HEAT + (step.clamp(-4, 4) + 4) as u8,
        };
        RGBColor(0xF0, 0x0D, code)
    }

    fn class(code: u8) -> String {
        match code {
            0 => "ink".into(),
            1 => "muted".into(),
            2 => "grid".into(),
            3 => "page".into(),
            4 => "guide".into(),
            heat @ HEAT.. => format!("heat{}", heat - HEAT),
            arm => format!("arm{}", arm - 16),
        }
    }
}

/// Where a text stands on its point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The shape of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Circle,
    Diamond,
    Square,
}

/// A drawing under way, sizes in CSS pixels at natural scale.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
}

/// Draws a panel of this size and returns the SVG element, labelled for screen readers.
pub(super) fn draw(
    (width, height): (f64, f64),
    description: &str,
    paint: impl FnOnce(&Canvas) -> Result<()>,
) -> Result<String> {
    let mut svg = String::new();
    {
        let backend = SVGBackend::with_string(&mut svg, (fine(width) as u32, fine(height) as u32));
        let canvas = Canvas { area: backend.into_drawing_area() };
        paint(&canvas)?;
        canvas.area.present().map_err(failed)?;
    }
    Ok(themed(&svg, width, height, description))
}

impl Canvas<'_> {
    pub fn line(&self, from: (f64, f64), to: (f64, f64), ink: Ink, width: f64) -> Result<()> {
        self.path(&[from, to], ink, width)
    }

    pub fn path(&self, points: &[(f64, f64)], ink: Ink, width: f64) -> Result<()> {
        if points.len() < 2 {
            return Ok(());
        }
        let points: Vec<_> = points.iter().map(|p| at(*p)).collect();
        self.area.draw(&PathElement::new(points, ink.placeholder().stroke_width(fine(width) as u32))).map_err(failed)
    }

    pub fn bar(&self, from: (f64, f64), to: (f64, f64), ink: Ink) -> Result<()> {
        self.area.draw(&Rectangle::new([at(from), at(to)], ink.placeholder().filled())).map_err(failed)
    }

    /// A filled mark, or one whose inside is the page.
    pub fn mark(&self, mark: Mark, centre: (f64, f64), radius: f64, ink: Ink, filled: bool) -> Result<()> {
        self.solid(mark, centre, radius, ink)?;
        if filled { Ok(()) } else { self.solid(mark, centre, radius - 1.75, Ink::Page) }
    }

    fn solid(&self, mark: Mark, (x, y): (f64, f64), r: f64, ink: Ink) -> Result<()> {
        let style = ink.placeholder().filled();
        match mark {
            Mark::Circle => self.area.draw(&Circle::new(at((x, y)), fine(r), style)).map_err(failed),
            Mark::Square => {
                let r = r * 0.9;
                self.area.draw(&Rectangle::new([at((x - r, y - r)), at((x + r, y + r))], style)).map_err(failed)
            }
            Mark::Diamond => {
                let r = r * 1.3;
                let corners = [(x - r, y), (x, y - r), (x + r, y), (x, y + r)].map(at).to_vec();
                self.area.draw(&Polygon::new(corners, style)).map_err(failed)
            }
        }
    }

    /// A horizontal interval with caps, on a rim of the page's colour so that it shows on bars of any colour.
    pub fn whisker(&self, interval: Option<Interval>, x: impl Fn(f64) -> f64, y: f64, ink: Ink) -> Result<()> {
        let Some(interval) = interval else { return Ok(()) };
        let (low, high) = (x(interval.low), x(interval.high));
        for (ink, width, cap) in [(Ink::Page, 4.0, 4.5), (ink, 1.5, 3.5)] {
            self.line((low, y), (high, y), ink, width)?;
            self.line((low, y - cap), (low, y + cap), ink, width)?;
            self.line((high, y - cap), (high, y + cap), ink, width)?;
        }
        Ok(())
    }

    /// Text of this size whose middle height is `y`.
    pub fn text(&self, text: &str, (x, y): (f64, f64), size: f64, ink: Ink, anchor: Anchor) -> Result<()> {
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        // The SVG backend divides sizes by 1.24.
        let colour = ink.placeholder();
        let style = TextStyle::from(("sans-serif", fine(size) * 1.24).into_font())
            .color(&colour)
            .pos(Pos::new(horizontal, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), at((x, y)), style)).map_err(failed)
    }

    /// Text that runs upwards from a point, its middle on the point's vertical.
    pub fn text_upwards(&self, text: &str, (x, y): (f64, f64), size: f64, ink: Ink) -> Result<()> {
        let colour = ink.placeholder();
        let style = TextStyle::from(("sans-serif", fine(size) * 1.24).into_font())
            .transform(FontTransform::Rotate270)
            .color(&colour)
            .pos(Pos::new(HPos::Left, VPos::Center));
        self.area.draw(&Text::new(text.to_owned(), at((x, y)), style)).map_err(failed)
    }
}

fn fine(pixels: f64) -> f64 {
    (pixels * FINE).round()
}

fn at((x, y): (f64, f64)) -> (i32, i32) {
    (fine(x) as i32, fine(y) as i32)
}

fn failed(error: impl std::fmt::Display) -> ReportError {
    ReportError::Figure { reason: error.to_string() }
}

/// Replaces the root tag by one that scales and is labelled, and every placeholder colour by a class. Plotters escapes
/// quotation marks in texts, so the attributes searched for cannot occur there.
fn themed(svg: &str, width: f64, height: f64, description: &str) -> String {
    let body = svg.split_once('>').map_or("", |(_, rest)| rest);
    let mut out = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
        fine(width),
        fine(height),
        escaped(description)
    );
    let mut rest = body;
    while let Some(start) = rest.find("=\"#F00D") {
        let (attribute, kind) = if rest[..start].ends_with("fill") { ("fill", 'f') } else { ("stroke", 's') };
        let code = u8::from_str_radix(rest.get(start + 7..start + 9).unwrap_or("00"), 16).unwrap_or(0);
        out.push_str(&rest[..start - attribute.len()]);
        out.push_str(&format!("class=\"{kind}-{}\"", Ink::class(code)));
        rest = &rest[start + 10..];
    }
    out.push_str(rest);
    // What the style sheet says anyway, and the attributes that say nothing.
    for noise in [" opacity=\"1\"", " font-family=\"sans-serif\"", " stroke=\"none\"", " stroke-width=\"1\""] {
        out = out.replace(noise, "");
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inks_become_classes_and_texts_stay_escaped() {
        let svg = draw((100.0, 50.0), "a \"b\" <c>", |canvas| {
            canvas.bar((0.0, 0.0), (10.0, 5.0), Ink::Arm(2))?;
            canvas.line((0.0, 0.0), (9.0, 9.0), Ink::Grid, 1.0)?;
            canvas.text("<script>=\"#F00D00\"", (5.0, 5.0), 12.0, Ink::Text, Anchor::Start)
        })
        .unwrap();
        assert!(svg.starts_with(
            "<svg class=\"chart\" viewBox=\"0 0 800 400\" role=\"img\" aria-label=\"a &quot;b&quot; &lt;c&gt;\">"
        ));
        assert!(
            svg.contains("class=\"f-arm2\"") && svg.contains("class=\"s-grid\"") && svg.contains("class=\"f-ink\"")
        );
        assert!(svg.contains("&lt;script&gt;=&quot;#F00D00&quot;"), "{svg}");
        assert!(!svg.contains("=\"#"), "{svg}");
        assert!(svg.trim_end().ends_with("</svg>"));
    }
}
