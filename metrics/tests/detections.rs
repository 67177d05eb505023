//! Reading detections that another program made.

use std::fs;
use std::path::PathBuf;

use gentron_metrics::detections::{DetectionsFile, UNIDET_RS200};
use gentron_metrics::shapes::ShapesPerception;
use gentron_metrics::{Average, Backends, Detector, MetricError, MetricId, Outcome, measure, outside};
use gentron_suites::{Annotation, ComplexKind, Prompt, Relation, RelationKind, Split};
use image::{GrayImage, RgbImage};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap_or_else(|e| panic!("{e}")))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap_or_else(|e| panic!("{e}"));
        path
    }

    fn read(&self, name: &str, text: &str) -> DetectionsFile {
        DetectionsFile::read(&self.write(name, text)).unwrap_or_else(|e| panic!("{e}"))
    }

    fn error(&self, name: &str, text: &str) -> String {
        let error = DetectionsFile::read(&self.write(name, text)).err().unwrap_or_else(|| panic!("no error: {text}"));
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn prompt(text: &str, category: &str, relation: RelationKind, [subject, object]: [&str; 2]) -> Prompt {
    let relation = Some(Relation { kind: relation, subject: subject.into(), object: object.into() });
    Prompt {
        id: "own-000".into(),
        suite: "own".into(),
        category: category.into(),
        index: 0,
        split: Split::Unsplit,
        text: text.into(),
        annotation: Annotation { relation, ..Annotation::default() },
    }
}

fn outcome(detector: &dyn Detector, prompt: &Prompt, image: &RgbImage, metric: MetricId) -> (String, Outcome) {
    let eyes = ShapesPerception::new();
    let backends = Backends::new(&eyes, detector);
    let observation = measure(prompt, image, &backends, &[metric]).remove(0);
    (observation.metric, observation.outcome)
}

const LINES: &str = r#"{"detector": "my-detector", "frame": [512, 512]}
{"image": "a_000000.png", "detections": [
{"#;

#[test]
fn lines_and_documents_say_the_same() {
    let folder = Folder::new();
    let boxes = r#"[{"label": "cat", "score": 0.5, "box": [0, 0, 64, 64]}, {"label": "dog", "score": 0.75, "box": [256, 0, 320, 64]},
        {"label": "fly", "score": 0.1, "box": [0, 0, 9, 9]}]"#;
    let image = format!(r#"{{"image": "a_000000.png", "detections": {}}}"#, boxes.replace('\n', " "));
    let lines = folder.read("d.jsonl", &format!("{{\"detector\": \"mine\", \"frame\": [512, 512]}}\n\n{image}\n"));
    let document =
        folder.read("d.json", &format!(r#"{{"detector": "mine", "frame": [512, 512], "images": [{image}]}}"#));
    let detect = |file: &DetectionsFile| {
        let found = file.of("OUT/samples/a_000000.png").unwrap_or_else(|e| panic!("{e}"));
        found.detect(&RgbImage::new(64, 64)).unwrap_or_else(|e| panic!("{e}"))
    };
    assert_eq!((lines.detector(), document.detector()), ("mine", "mine"));
    assert_eq!(detect(&lines), detect(&document));
    let labels: Vec<String> = detect(&lines).boxes.into_iter().map(|found| found.label).collect();
    assert_eq!(labels, ["dog", "cat"], "by score, and 0.1 is not believed");
}

#[test]
fn another_detectors_name_is_in_the_score_and_the_official_ones_is_not() {
    let folder = Folder::new();
    let file = |detector: &str| {
        format!(
            r#"{{"detector": "{detector}", "frame": [479, 479], "images": [{{"image": "a_0.png", "detections": [
            {{"label": "cat", "score": 0.5, "box": [0, 0, 64, 64]}}, {{"label": "dog", "score": 0.75, "box": [256, 0, 320, 64]}}]}}]}}"#
        )
    };
    let prompt = prompt("a cat on the left of a dog", "spatial", RelationKind::LeftOf, ["cat", "dog"]);
    let score = |detector: &str, metric| {
        let found = folder.read("d.json", &file(detector)).of("a_0.png").unwrap_or_else(|e| panic!("{e}"));
        outcome(&found, &prompt, &RgbImage::new(64, 64), metric)
    };
    let (name, value) = score("yolo", MetricId::Unidet2dFixed);
    assert_eq!((name.as_str(), value.value()), ("unidet-2d-fixed@yolo", Some(0.8125)));
    assert_eq!(score(UNIDET_RS200, MetricId::Unidet2d).0, "unidet-2d");
    assert_eq!(score(UNIDET_RS200, MetricId::Unidet3d).0, "unidet-3d@unidet-rs200");
    assert_eq!(score("yolo", MetricId::BVqa).0, "b-vqa");
}

#[test]
fn a_noun_that_unidet_has_no_class_for_is_outside_the_fixed_score() {
    let folder = Folder::new();
    let text = r#"{"detector": "unidet-rs200", "frame": [479, 479], "images": [{"image": "a_0.png", "detections": [
        {"class_id": 154, "score": 1.0, "box": [0, 0, 64, 64]}]}]}"#;
    let found = folder.read("d.json", text).of("a_0.png").unwrap_or_else(|e| panic!("{e}"));
    let wallet = prompt("a cow next to a wallet", "spatial", RelationKind::NextTo, ["cow", "wallet"]);
    let image = RgbImage::new(64, 64);
    assert_eq!(outcome(&found, &wallet, &image, MetricId::Unidet2d).1.value(), Some(0.0));
    let fixed = outcome(&found, &wallet, &image, MetricId::Unidet2dFixed).1;
    assert!(matches!(&fixed, Outcome::Outside { why } if why.contains("no class for \"wallet\"")), "{fixed:?}");
    // It is no missing score: the mean is over the others, as many as are said.
    let cow = prompt("a cow next to a cow", "spatial", RelationKind::NextTo, ["cow", "cow"]);
    let other = outcome(&found, &cow, &image, MetricId::Unidet2dFixed).1;
    let average = Average::of(&[fixed, other.clone()], [0.0, 1.0]);
    assert_eq!((average.mean(), average.scored(), average.outside()), (other.value(), 1, 1));
    // 3-in-1 needs the part where its kind of prompt does, and only there.
    for (kind, left_out) in
        [(ComplexKind::Spatial, true), (ComplexKind::SpatialAction, true), (ComplexKind::Action, false)]
    {
        let mut complex = wallet.clone();
        "complex".clone_into(&mut complex.category);
        complex.annotation.complex = Some(kind);
        complex.annotation.phrases = vec!["a cow".to_owned(), "a wallet".to_owned()];
        assert_eq!(outside(&complex, MetricId::ThreeInOneFixed, &found).is_some(), left_out, "{kind:?}");
        assert_eq!(outside(&complex, MetricId::ThreeInOne, &found), None, "{kind:?}");
    }
}

#[test]
fn depth_maps_are_grey_pictures_beside_the_file() {
    let folder = Folder::new();
    let near_right = GrayImage::from_fn(64, 32, |x, _| image::Luma([if x < 32 { 0 } else { 255 }]));
    near_right.save(folder.0.path().join("depth.png")).unwrap_or_else(|e| panic!("{e}"));
    RgbImage::new(4, 4).save(folder.0.path().join("color.png")).unwrap_or_else(|e| panic!("{e}"));
    let text = |depth: &str| {
        format!(
            r#"{{"detector": "mine", "frame": [64, 32], "images": [{{"image": "a_0.png", "depth": "{depth}", "detections": [
            {{"label": "cat", "score": 1.0, "box": [28, 0, 60, 32]}}, {{"label": "dog", "score": 1.0, "box": [20, 0, 52, 32]}}]}}]}}"#
        )
    };
    let prompt = prompt("a cat in front of a dog", "3d_spatial", RelationKind::InFrontOf, ["cat", "dog"]);
    let of = |depth: &str| folder.read("d.json", &text(depth)).of("a_0.png").unwrap_or_else(|e| panic!("{e}"));
    let found = of("depth.png").with_its_map().unwrap_or_else(|e| panic!("{e}"));
    let image = RgbImage::new(64, 32);
    assert_eq!(outcome(&found, &prompt, &image, MetricId::Unidet3dFixed).1.value(), Some(1.0));
    // Without its map it has boxes still, whether or not there is one on the disk.
    for depth in ["depth.png", "color.png", "gone.png"] {
        let found = of(depth);
        assert!(
            found.has_map() && found.detect(&image).is_ok_and(|seen| seen.boxes.len() == 2 && seen.depth.is_none())
        );
    }
    let error = of("color.png").with_its_map().err().map(|e| e.to_string());
    assert!(error.is_some_and(|e| e.contains("color.png") && e.contains("8-bit grey")));
    let error = of("gone.png").with_its_map().err().map(|e| e.to_string());
    assert!(error.is_some_and(|e| e.contains("gone.png")));
}

#[test]
fn errors_name_the_file_and_the_line_or_record() {
    let folder = Folder::new();
    let image = |boxes: &str| {
        format!(r#"{{"image": "a_0.png", "detector": "unidet-r50", "frame": [9, 9], "detections": [{boxes}]}}"#)
    };
    let good = r#"{"class_id": 3, "score": 0.5, "box": [0, 0, 9, 9]}"#;
    for (boxes, wanted) in [
        (r#"{"score": 0.5, "box": [0, 0, 9, 9]}"#, "d.jsonl:2: detection 1: no `label`"),
        (r#"{"class_id": 722, "score": 0.5, "box": [0, 0, 9, 9]}"#, "d.jsonl:2: detection 1: `class_id` is 722"),
        (
            r#"{"class_id": 3, "label": "cat", "score": 0.5, "box": [0, 0, 9, 9]}"#,
            "\"cat\", but that `class_id` is \"cake\"",
        ),
        (r#"{"class_id": 3, "score": 1.5, "box": [0, 0, 9, 9]}"#, "`score` is 1.5"),
        (r#"{"class_id": 3, "score": 0.5, "box": [5, 0, 1, 9]}"#, "not [x1, y1, x2, y2]"),
        (r#"{"class_id": 3, "score": 0.5, "box": [0, 0, 9, 90]}"#, "outside the frame of 9 x 9"),
        (r#"{"class_id": 3, "box": [0, 0, 9, 9]}"#, "d.jsonl:2: missing field `score`"),
    ] {
        let error = folder.error("d.jsonl", &format!("\n{}\n", image(&format!("{good}, {boxes}"))));
        assert!(error.contains(wanted), "{error}");
    }
    assert!(folder.error("d.jsonl", LINES).starts_with("d.jsonl:2: EOF"), "a record over several lines");
    let twice = folder.error("d.json", &format!(r#"{{"images": [{}, {}]}}"#, image(good), image(good)));
    assert_eq!(twice, "d.json: record 1: \"a_0.png\" is there twice");
    let nameless = r#"{"images": [{"image": "a_0.png", "frame": [9, 9], "detections": []}]}"#;
    assert!(folder.error("d.json", nameless).contains("record 0: no `detector`"));
    assert!(
        folder
            .error("d.json", r#"{"detector": "a b", "frame": [9, 9], "images": [{"image": "a", "detections": []}]}"#)
            .contains("blanks")
    );
    assert_eq!(folder.error("d.json", r#"{"images": []}"#), "d.json: no images");
}

#[test]
fn boxes_of_another_picture_are_not_believed() {
    let folder = Folder::new();
    let text = r#"{"detector": "mine", "frame": [480, 360], "images": [{"image": "a_0.png", "detections": []}]}"#;
    let file = folder.read("d.json", text);
    let found = file.of("a_0.png").unwrap_or_else(|e| panic!("{e}"));
    assert!(found.detect(&RgbImage::new(1024, 768)).is_ok());
    assert!(matches!(found.detect(&RgbImage::new(512, 512)), Err(MetricError::OtherFrame { .. })));
    assert!(matches!(file.of("b_1.png"), Err(MetricError::NotDetected { .. })));
}

#[test]
fn results_of_cocos_tools_are_read() {
    let folder = Folder::new();
    let instances = folder.write(
        "instances.json",
        r#"{"images": [{"id": 7, "file_name": "a_0.png", "width": 64, "height": 64}, {"id": 8, "file_name": "b_1.png", "width": 64, "height": 64}],
            "categories": [{"id": 17, "name": "cat"}]}"#,
    );
    let results =
        folder.write("r.json", r#"[{"image_id": 7, "category_id": 17, "bbox": [1, 2, 10, 20], "score": 0.5}]"#);
    let file = DetectionsFile::read_coco(&results, &instances, "yolo").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(file.images().collect::<Vec<_>>(), ["a_0.png", "b_1.png"]);
    let found = file.of("a_0.png").and_then(|found| found.detect(&RgbImage::new(64, 64)));
    assert_eq!(found.ok().map(|found| found.boxes[0].bbox), Some([1.0, 2.0, 11.0, 22.0]));
    let wrong = folder.write("w.json", r#"[{"image_id": 7, "category_id": 3, "bbox": [1, 2, 10, 20], "score": 0.5}]"#);
    let error = DetectionsFile::read_coco(&wrong, &instances, "yolo").err().map(|e| e.to_string());
    assert!(error.is_some_and(|e| e.contains("record 0: `category_id` 3 is not in")));
}
