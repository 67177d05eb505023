//! From what is said to what is shown: fills in the attributes that a description leaves open.

use super::cluster::Group;
use super::description::{Description, Form};
use super::layout::arrange;
use super::{Color, Object, Scene, Shape, Texture, is_held_out_color, is_held_out_texture};
use crate::rng::Rng;
use crate::{ActionKind, RelationKind};

/// How a description becomes a scene.
#[derive(Clone, Copy, Debug)]
pub struct Staging {
    /// How often an object has a texture that is not said.
    pub unsaid_texture: f32,
}

/// A scene and where each thing of its description went.
#[derive(Clone, Debug)]
pub struct Staged {
    /// What is shown.
    pub scene: Scene,
    /// For each thing the indices of its objects in the scene.
    pub members: Vec<Vec<usize>>,
}

/// Draws a scene that fulfils the description and shows nothing else. What is not said is never held out.
pub fn stage(description: &Description, staging: Staging, rng: &mut Rng) -> Staged {
    let mut objects = dress(description, staging, rng);
    let groups = groups(description);
    let shapes: Vec<Shape> = objects.iter().map(|(_, object)| object.shape).collect();
    let boxes = arrange(&groups, &shapes, rng);
    for ((_, object), placed) in objects.iter_mut().zip(&boxes) {
        object.size = placed.size as f32;
        object.center = placed.center();
    }
    let links = groups
        .iter()
        .filter_map(|group| match *group {
            Group::Linked(one, other) => Some((one, other)),
            _ => None,
        })
        .collect();
    paint_order(description, objects, links)
}

/// Objects with all attributes, in the order of the things, each with its thing's index; places are still open.
fn dress(description: &Description, staging: Staging, rng: &mut Rng) -> Vec<(usize, Object)> {
    let contact = description.action.is_some_and(|(_, kind, _)| kind != ActionKind::ConnectedTo)
        || description.form == Form::Spatial3d;
    // Small objects have a texture only where it is said: it costs them some of their shape.
    let small = description.objects() > 3;
    let mut objects: Vec<(usize, Object)> = Vec::new();
    for (index, thing) in description.things.iter().enumerate() {
        let open = |rng: &mut Rng, taken: Option<Color>| loop {
            let color = rng.pick(&Color::ALL);
            if !is_held_out_color(color, thing.shape) && Some(color) != taken {
                break color;
            }
        };
        // Where objects overlap or touch, equal colours would run together.
        let said_elsewhere = description.things.iter().skip(index + 1).find_map(|other| other.color);
        let taken = contact.then(|| objects.last().map(|(_, object)| object.color).or(said_elsewhere)).flatten();
        let shared = open(rng, taken);
        let alike = thing.count == 1 || rng.chance(0.5);
        let texture = thing.texture.unwrap_or_else(|| {
            let plain = contact || small || !rng.chance(staging.unsaid_texture);
            let texture = if plain { Texture::Plain } else { rng.pick(&Texture::NAMED) };
            if is_held_out_texture(texture, thing.shape) { Texture::Plain } else { texture }
        });
        for _ in 0..thing.count {
            let color = thing.color.unwrap_or_else(|| if alike { shared } else { open(rng, taken) });
            objects
                .push((index, Object { shape: thing.shape, color, texture, center: [0.0; 2], size: 0.0, turn: 0.0 }));
        }
    }
    objects
}

/// Which objects must stand together, as indices in the order of the things. Related things have one object each.
fn groups(description: &Description) -> Vec<Group> {
    let mut starts = Vec::new();
    let mut total = 0;
    for thing in &description.things {
        starts.push(total);
        total += thing.count as usize;
    }
    let mut free = vec![true; total];
    let mut groups = Vec::new();
    let mut bind = |one: usize, other: usize, group: fn(usize, usize) -> Group| {
        if let (Some(&one), Some(&other)) = (starts.get(one), starts.get(other))
            && one != other
            && free.get(one) == Some(&true)
            && free.get(other) == Some(&true)
        {
            (free[one], free[other]) = (false, false);
            groups.push(group(one, other));
        }
    };
    if let Some((subject, kind, object)) = description.action {
        match kind {
            ActionKind::Inside => bind(subject, object, |inner, container| Group::Inside { inner, container }),
            ActionKind::Touching => bind(subject, object, Group::Touching),
            ActionKind::ConnectedTo => bind(subject, object, Group::Linked),
        }
    }
    if let Some((subject, kind, object)) = description.relation {
        match kind {
            RelationKind::LeftOf => bind(subject, object, |left, right| Group::Beside { left, right }),
            RelationKind::RightOf => bind(object, subject, |left, right| Group::Beside { left, right }),
            RelationKind::TopOf => bind(subject, object, |upper, lower| Group::Stacked { upper, lower }),
            RelationKind::BottomOf => bind(object, subject, |upper, lower| Group::Stacked { upper, lower }),
            RelationKind::NextTo | RelationKind::Near | RelationKind::OnSideOf => bind(subject, object, Group::Close),
            RelationKind::InFrontOf => bind(subject, object, |front, back| Group::Occluding { front, back }),
            RelationKind::Behind | RelationKind::HiddenBy => {
                bind(object, subject, |front, back| Group::Occluding { front, back });
            }
        }
    }
    groups.extend((0..total).filter(|&index| free[index]).map(Group::Alone));
    groups
}

/// Sorts by size, largest first: whatever lies upon something else is smaller than it in this world.
fn paint_order(description: &Description, objects: Vec<(usize, Object)>, links: Vec<(usize, usize)>) -> Staged {
    let mut order: Vec<usize> = (0..objects.len()).collect();
    order.sort_by(|&one, &other| objects[other].1.size.total_cmp(&objects[one].1.size));
    let mut position = vec![0; order.len()];
    order.iter().enumerate().for_each(|(new, &old)| position[old] = new);
    let mut members = vec![Vec::new(); description.things.len()];
    objects.iter().enumerate().for_each(|(old, (thing, _))| members[*thing].push(position[old]));
    let scene = Scene {
        objects: order.iter().map(|&old| objects[old].1.clone()).collect(),
        links: links.into_iter().map(|(one, other)| (position[one], position[other])).collect(),
    };
    Staged { scene, members }
}
