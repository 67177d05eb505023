//! A cheap check: every element that is opened is closed, in order; ids are unique; every internal link leads somewhere.

const VOID: [&str; 4] = ["meta", "input", "img", "br"];

pub fn assert_well_formed(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html.strip_prefix("<!doctype html>").expect("doctype");
    let (mut ids, mut links) = (Vec::new(), Vec::new());
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "odd tag <{tag}>");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closing </{name}>");
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        ids.extend(attribute(tag, " id=\""));
        links.extend(attribute(tag, " href=\"#"));
        if name == "style" {
            rest = &rest[rest.find("</style>").expect("style ends")..];
        }
        if name == "script" {
            rest = &rest[rest.find("</script>").expect("script ends")..];
        }
        if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id occurs twice");
    assert!(links.len() > 5 && links.iter().all(|link| ids.contains(link)));
}

fn attribute<'a>(tag: &'a str, start: &str) -> Option<&'a str> {
    tag.split_once(start)?.1.split('"').next()
}
