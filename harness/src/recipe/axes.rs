//! Axes multiply out into arms, in the order of a nested loop whose innermost axis is the last one.

use super::schema::{Arm, Axes, Conditioning, EncoderKind, Exception, GeneratorKind, Sampler};
use super::words::Words as _;

/// The arms that the axes stand for.
pub fn multiply(axes: &Axes, sampler: Sampler) -> Vec<Arm> {
    let or_one = |count: usize| count.max(1);
    let mut arms = Vec::new();
    for &conditioning in &axes.conditioning {
        for text in &axes.text {
            for scale in 0..or_one(axes.scale.len()) {
                for guidance in 0..or_one(axes.guidance.len()) {
                    for steps in 0..or_one(axes.steps.len()) {
                        let scale = axes.scale.get(scale).map_or("", String::as_str);
                        if axes.except.iter().any(|exception| meets(exception, conditioning, text, scale)) {
                            continue;
                        }
                        let guidance = axes.guidance.get(guidance).copied();
                        let steps = axes.steps.get(steps).copied();
                        arms.push(arm(axes, sampler, Values { conditioning, text, scale, guidance, steps }));
                    }
                }
            }
        }
    }
    arms
}

/// One value of each axis; `None` where the recipe has no such axis.
struct Values<'a> {
    conditioning: Conditioning,
    text: &'a [EncoderKind],
    scale: &'a str,
    guidance: Option<f64>,
    steps: Option<u32>,
}

fn arm(axes: &Axes, sampler: Sampler, values: Values) -> Arm {
    let own_sampler = (values.guidance.is_some() || values.steps.is_some()).then(|| Sampler {
        steps: values.steps.unwrap_or(sampler.steps),
        guidance: values.guidance.unwrap_or(sampler.guidance),
        ..sampler
    });
    let name = axes.name.as_deref().unwrap_or("{conditioning}-{text}-{scale}-{guidance}-{steps}");
    Arm {
        name: fill(name, &values),
        generator: GeneratorKind::Gentron,
        weights: Some(fill(&axes.weights, &values)),
        images: None,
        command: None,
        conditioning: Some(values.conditioning),
        text: values.text.to_vec(),
        scale: None,
        sampler: own_sampler,
        paper_row: None,
    }
}

fn meets(exception: &Exception, conditioning: Conditioning, text: &[EncoderKind], scale: &str) -> bool {
    exception.conditioning.is_none_or(|wanted| wanted == conditioning)
        && exception.text.as_deref().is_none_or(|wanted| wanted == text)
        && exception.scale.as_deref().is_none_or(|wanted| wanted == scale)
}

/// Replaces the placeholders; an empty value takes its dash with it.
fn fill(template: &str, values: &Values) -> String {
    let text: Vec<&str> = values.text.iter().map(|encoder| encoder.short()).collect();
    let filled = template
        .replace("{conditioning}", values.conditioning.short())
        .replace("{text}", &text.join("-"))
        .replace("{scale}", values.scale)
        .replace("{guidance}", &values.guidance.map(|weight| format!("g{weight}")).unwrap_or_default())
        .replace("{steps}", &values.steps.map(|steps| format!("s{steps}")).unwrap_or_default());
    filled.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(toml: &str) -> Vec<(String, String)> {
        let axes: Axes = toml::from_str(toml).unwrap();
        multiply(&axes, Sampler::default()).into_iter().map(|arm| (arm.name, arm.weights.unwrap())).collect()
    }

    #[test]
    fn axes_make_the_arms_of_table_2() {
        let arms = names(
            r#"
            conditioning = ["adaln", "cross_attention"]
            text = [["clip"], ["t5"], ["clip", "t5"]]
            scale = ["", "l"]
            weights = "gentron-shapes-{conditioning}-{text}-{scale}"
            except = [
                { conditioning = "adaln", text = ["t5"] },
                { conditioning = "adaln", text = ["clip", "t5"] },
                { scale = "l", text = ["clip"] },
                { scale = "l", text = ["t5"] },
            ]
            "#,
        );
        let names: Vec<&str> = arms.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["adaln-clip", "cross-clip", "cross-t5", "cross-clip-t5", "cross-clip-t5-l"]);
        assert_eq!(arms[4].1, "gentron-shapes-cross-clip-t5-l");
    }

    #[test]
    fn sampler_axes_override_the_sampler_and_show_in_the_name() {
        let axes: Axes = toml::from_str(
            r#"
            conditioning = ["cross_attention"]
            text = [["clip"]]
            guidance = [1.0, 7.5]
            weights = "w"
            "#,
        )
        .unwrap();
        let arms = multiply(&axes, Sampler::default());
        assert_eq!(arms[1].name, "cross-clip-g7.5");
        assert_eq!(arms[1].sampler.map(|s| (s.guidance, s.steps)), Some((7.5, 20)));
    }
}
