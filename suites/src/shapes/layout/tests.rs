use super::super::description::Form;
use super::super::training::training_scene;
use super::super::{Object, training_pair};

fn gap(one: &Object, other: &Object) -> f32 {
    let [a, b] = [one.bbox(), other.bbox()];
    (b[0] - a[2]).max(a[0] - b[2]).max(b[1] - a[3]).max(a[1] - b[3])
}

#[test]
fn objects_keep_their_distance_and_stay_in_the_picture() {
    for index in 0..20_000 {
        let (description, staged) = training_scene(11, index);
        let objects = &staged.scene.objects;
        let acting = description.action.map(|(one, _, other)| [staged.members[one][0], staged.members[other][0]]);
        for (at, object) in objects.iter().enumerate() {
            let [x1, y1, x2, y2] = object.bbox();
            assert!(x1 >= 1.0 && y1 >= 1.0 && x2 <= 63.0 && y2 <= 63.0, "{index} {description:?} {objects:?}");
            assert!(object.size >= 15.0, "{index} {description:?}");
            for (after, other) in objects.iter().enumerate().skip(at + 1) {
                let bound = acting.is_some_and(|pair| pair.contains(&at) && pair.contains(&after));
                if !bound && description.form != Form::Spatial3d {
                    assert!(gap(object, other) >= 3.0, "{index} {description:?} {objects:?}");
                }
            }
        }
    }
}

#[test]
fn sizes_fall_with_the_number_of_objects() {
    let ranges = [(24.0, 32.0), (20.0, 26.0), (17.0, 22.0), (16.0, 19.0), (15.0, 17.0)];
    for index in 0..5_000 {
        let pair = training_pair(12, index);
        let objects = &pair.scene.objects;
        if matches!(pair.form, Form::Single | Form::Color | Form::Shape | Form::Spatial2d | Form::Numeracy) {
            let (least, most) = ranges[objects.len() - 1];
            assert!(objects.iter().all(|object| (least..=most).contains(&object.size)), "{:?}", pair.scene);
        }
    }
}
