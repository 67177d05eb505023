//! A user's own prompts, GenEval and DrawBench; errors say where.

use std::fs;
use std::path::PathBuf;

use gentron_suites::own::{self, Columns};
use gentron_suites::phrases::{PhraseSource, SpacyModel};
use gentron_suites::{ListedSuite, RelationKind, Suite, SuitesError, geneval, parti, phrases_by};
use tempfile::TempDir;

fn file(name: &str, bytes: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn load(name: &str, bytes: impl AsRef<[u8]>) -> Result<ListedSuite, SuitesError> {
    let (_folder, path) = file(name, bytes);
    own::load(&path, "mine", &Columns::default(), SpacyModel::default())
}

/// The error without the temporary folder's name.
fn refusal(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let error = load(name, bytes).unwrap_err().to_string();
    error[error.find(name).unwrap_or(0)..].to_owned()
}

fn texts(suite: &ListedSuite) -> Vec<&str> {
    suite.prompts().iter().map(|prompt| prompt.text.as_str()).collect()
}

#[test]
fn plain_text_is_one_prompt_a_line_up_to_the_first_tab() {
    let suite = load("my.txt", "\u{feff}a red lamp\tnote\r\n\n  padded  \nçà et là").unwrap();
    assert_eq!(texts(&suite), ["a red lamp", "  padded  ", "çà et là"]);
    assert!(suite.prompts().iter().all(|prompt| prompt.category == "all" && prompt.suite == "mine"));
    assert_eq!(suite.sources()[0].revision.to_string(), "own file");
    assert_eq!(suite.prompts()[0].annotation.phrases, ["a red lamp"]);
    assert_eq!(suite.prompts()[0].annotation.phrase_source, Some(PhraseSource::OwnChunker));
}

#[test]
fn a_tsv_has_no_quotes_and_a_csv_has() {
    let tsv = load("my.tsv", "Prompt\tCategory\n\"A\" sign, big\tSigns & Text\nb\tOther\nc\tsigns - text\n").unwrap();
    assert_eq!(texts(&tsv), ["\"A\" sign, big", "b", "c"]);
    assert_eq!(tsv.prompts()[0].category, "signs_text");
    let csv =
        load("my.csv", "Prompts,Category,Level\r\n\"A \"\"B\"\" sign,\nbig\",Signs,\r\n\nplain \"q\",Other,3\r\n")
            .unwrap();
    assert_eq!(texts(&csv), ["A \"B\" sign,\nbig", "plain \"q\""]);
    assert_eq!(csv.prompts()[1].annotation.attributes.get("level").map(String::as_str), Some("3"));
    assert!(!csv.prompts()[0].annotation.attributes.contains_key("level"));
}

#[test]
fn json_lines_keep_their_other_members() {
    let suite =
        load("my.jsonl", "{\"caption\": \"a red lamp\", \"tag\": \"T\", \"n\": [1, 2], \"x\": null}\n\n").unwrap();
    let prompt = &suite.prompts()[0];
    assert_eq!((prompt.text.as_str(), prompt.category.as_str()), ("a red lamp", "t"));
    assert_eq!(prompt.annotation.attributes.get("n").map(String::as_str), Some("[1,2]"));
    assert_eq!(prompt.annotation.attributes.len(), 2);
}

#[test]
fn attributes_of_json_lines_have_the_names_that_those_of_a_table_have() {
    let lines = load("my.jsonl", "{\"prompt\": \"a red lamp\", \" Challenge \": \"Color\"}\n").unwrap();
    let table = load("my.csv", "prompt, Challenge \na red lamp,Color\n").unwrap();
    let attributes = |suite: &ListedSuite| suite.prompts()[0].annotation.attributes.clone();
    assert_eq!(attributes(&lines), attributes(&table));
    assert_eq!(attributes(&lines).get("challenge").map(String::as_str), Some("Color"));
}

#[test]
fn lines_end_as_where_python_reads_text() {
    for text in ["a red hat\ra blue cup\r", "a red hat\r\na blue cup", "\ra red hat\n\r\r\na blue cup\n"] {
        assert_eq!(texts(&load("my.txt", text).unwrap()), ["a red hat", "a blue cup"], "{text:?}");
    }
    assert_eq!(texts(&load("my.tsv", "prompt\tn\ra red hat\t1\r").unwrap()), ["a red hat"]);
}

#[test]
fn json_lines_name_their_members_in_any_case() {
    let lines = "{\"Prompt\": \"a red lamp\", \"CATEGORY\": \"Lamps\"}\n{\"prompt\": \"a hat\", \"category\": null}\n{\"TEXT\": \"a cup\"}\n";
    let suite = load("my.jsonl", lines).unwrap();
    assert_eq!(texts(&suite), ["a red lamp", "a hat", "a cup"]);
    let categories: Vec<&str> = suite.prompts().iter().map(|prompt| prompt.category.as_str()).collect();
    assert_eq!(categories, ["lamps", "all", "all"]);

    let (_folder, path) = file("my.jsonl", "{\"EN\": \"a red lamp\", \"Kind\": null}\n");
    let columns = Columns { prompt: Some("en".into()), category: Some("kind".into()) };
    let error = own::load(&path, "mine", &columns, SpacyModel::default()).unwrap_err().to_string();
    assert!(error.ends_with("my.jsonl:1: column `kind` is absent, not text"), "{error}");
}

#[test]
fn columns_without_a_name_may_be_many() {
    let suite = load("my.csv", "prompt,,\na red lamp,1,\n").unwrap();
    assert_eq!(texts(&suite), ["a red lamp"]);
}

#[test]
fn prompts_say_who_cut_them() {
    let suite = load("my.txt", "a violet zebra\na teal lamp\n").unwrap();
    assert_eq!(suite.prompts()[0].phrases_by(), "gentron's own chunker");
    let mut prompts = suite.prompts().to_vec();
    prompts[1].annotation.phrase_source = Some(PhraseSource::Spacy(SpacyModel::Sm3_8_0));
    let counted = phrases_by(&prompts).into_iter().collect::<Vec<_>>();
    assert_eq!(counted, [("en_core_web_sm 3.8.0".to_owned(), 1), ("gentron's own chunker".to_owned(), 1)]);
    let drawn = gentron_suites::shapes::suite();
    assert_eq!(drawn.prompts()[0].phrases_by(), "the suite itself");
}

#[test]
fn columns_can_be_named() {
    let (_folder, path) = file("my.tsv", "id\ten\tkind\n1\ta red lamp\tX\n");
    let columns = Columns { prompt: Some("EN".into()), category: Some("kind".into()) };
    let suite = own::load(&path, "My Suite!", &columns, SpacyModel::default()).unwrap();
    assert_eq!(suite.id(), "my_suite");
    assert_eq!(suite.prompts()[0].category, "x");
    let columns = Columns { prompt: Some("de".into()), category: None };
    let error = own::load(&path, "mine", &columns, SpacyModel::default()).unwrap_err().to_string();
    assert!(error.ends_with("my.tsv:1: no column `de` (found: id, en, kind)"), "{error}");
}

#[test]
fn errors_name_file_line_and_column() {
    assert_eq!(refusal("a.tsv", "prompt\tcategory\na\tb\n\nc\n"), "a.tsv:4: 1 cells, the header has 2");
    assert_eq!(refusal("a.tsv", "prompt\tcategory\na\t \n"), "a.tsv:2: column `category` is blank, not text");
    assert_eq!(refusal("a.tsv", "prompt\tcategory\n  \tb\n"), "a.tsv:2: column `prompt` is blank, not text");
    assert_eq!(refusal("a.csv", "id,txt\n1,2\n"), "a.csv:1: no column `prompt|prompts|text|caption` (found: id, txt)");
    assert_eq!(refusal("a.csv", "prompt,n\n\"x\ny\",1\n\"open,2\n"), "a.csv:4: column `1`: the quotes do not match");
    assert_eq!(refusal("a.csv", "prompt\n\"x\"y\n"), "a.csv:2: column `1`: the quotes do not match");
    assert_eq!(refusal("a.txt", "a\n\tb\n"), "a.txt:2: column `1` is empty, not a prompt");
    assert_eq!(refusal("a.txt", b"a\nb\xff\n"), "a.txt:2: not UTF-8");
    assert_eq!(refusal("a.txt", "a\n  \t\n"), "a.txt:2: column `1` is blank, not a prompt");
    assert_eq!(refusal("a.txt", "a\n\n  "), "a.txt:3: column `1` is blank, not a prompt");
    assert_eq!(refusal("a.txt", ""), "a.txt:1: no prompts from here on");
    assert_eq!(refusal("a.csv", ""), "a.csv:1: no prompts from here on");
    assert_eq!(refusal("a.csv", "prompt\n"), "a.csv:2: no prompts from here on");
    assert_eq!(refusal("a.jsonl", "\n\n"), "a.jsonl:1: no prompts from here on");
    assert_eq!(refusal("a.csv", "prompt,n,Prompt \na,1,b\n"), "a.csv:1: column `prompt` is there twice");
    assert_eq!(refusal("a.tsv", "\nprompt\tN\tn\na\t1\t2\n"), "a.tsv:2: column `N` is there twice");
    assert!(
        refusal("a.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\" \"a\"}\n").starts_with("a.jsonl:2: column 11: expected")
    );
    let prompt = "column `prompt|prompts|text|caption`";
    assert_eq!(refusal("a.jsonl", "{\"prompt\": 7}\n"), format!("a.jsonl:1: {prompt} is 7, not text"));
    assert_eq!(refusal("a.jsonl", "{\"x\": 7}\n"), format!("a.jsonl:1: {prompt} is absent, not text"));
    let twice = "{\"Prompt\": \"a\", \"prompt\": \"b\"}\n";
    assert_eq!(refusal("a.jsonl", twice), "a.jsonl:1: column `Prompt` is there twice");
    let same = "{\"prompt\": \"b\"}\n{\"prompt\": \"a red hat\", \"prompt\": \"a blue cup\"}\n";
    assert_eq!(refusal("a.jsonl", same), "a.jsonl:2: column `prompt` is there twice");
    let list = "{\"prompt\": \"b\"}\n[1,2]\n";
    assert!(refusal("a.jsonl", list).starts_with("a.jsonl:2: column 1: "), "{}", refusal("a.jsonl", list));
    assert!(refusal("a.jsonl", list).contains("expected a JSON object"), "{}", refusal("a.jsonl", list));
    assert_eq!(refusal("a.txt", b"a\rb\r\nc\xff\r"), "a.txt:3: not UTF-8");
    assert_eq!(refusal("a.txt", "a\rb\r\n\t\r"), "a.txt:3: column `1` is empty, not a prompt");
    let blank = "{\"prompt\": \"a\", \"Category\": \" \"}\n";
    assert_eq!(refusal("a.jsonl", blank), "a.jsonl:1: column `Category` is blank, not text");
    assert!(refusal("a.pdf", "").contains("known (.txt .tsv .csv .jsonl .ndjson)"));
}

#[test]
fn parti_errors_name_the_cell() {
    let (_folder, path) = file("PartiPrompts.tsv", "Prompt\tCategory\tChallenge\tNote\na\tArts\t\t\n");
    let error = parti::load(&path, SpacyModel::default()).unwrap_err().to_string();
    assert!(error.ends_with("PartiPrompts.tsv:2: column `Challenge` is blank, not text"), "{error}");
}

#[test]
fn geneval_lines_ask_for_objects_colours_and_places() {
    let lines = concat!(
        r#"{"tag": "counting", "include": [{"class": "owl", "count": 3}], "exclude": [{"class": "owl", "count": 4}], "prompt": "three owls"}"#,
        "\n",
        r#"{"tag": "position", "include": [{"class": "cup", "count": 1}, {"class": "owl", "count": 1, "position": ["left of", 0]}], "prompt": "an owl left of a cup"}"#,
        "\n"
    );
    let (folder, path) = file("evaluation_metadata.jsonl", lines);
    let suite = geneval::load(folder.path(), SpacyModel::default()).unwrap();
    let [counting, position] = suite.prompts() else { panic!("{:?}", suite.prompts()) };
    assert_eq!((counting.category.as_str(), counting.annotation.things), ("counting", 3));
    assert_eq!(counting.annotation.attributes["exclude"], r#"[{"class":"owl","count":4}]"#);
    let relation = position.annotation.relation.as_ref().unwrap();
    assert_eq!(
        (relation.kind, relation.subject.as_str(), relation.object.as_str()),
        (RelationKind::LeftOf, "owl", "cup")
    );
    assert_eq!(suite.sources()[0].revision.to_string(), "unknown revision");

    fs::write(&path, "{\"tag\": \"counting\", \"prompt\": \"x\", \"include\": 3}\n").unwrap();
    let error = geneval::load(&path, SpacyModel::default()).unwrap_err().to_string();
    assert!(error.contains(".jsonl:1: column `include` is 3"), "{error}");
}

#[test]
fn drawbench_is_a_csv_with_categories() {
    let (_folder, path) =
        file("drawbench.csv", "Prompts,Category\nA teal owl.,Colors\n\"An owl, twice.\",Gary Marcus et al. \n");
    let suite = own::load(&path, own::DRAWBENCH, &Columns::default(), SpacyModel::default()).unwrap();
    assert_eq!(suite.id(), "drawbench");
    assert_eq!(
        suite.prompts().iter().map(|p| p.category.as_str()).collect::<Vec<_>>(),
        ["colors", "gary_marcus_et_al"]
    );
    assert_eq!(suite.prompts()[1].annotation.attributes["category"], "Gary Marcus et al. ");
}
