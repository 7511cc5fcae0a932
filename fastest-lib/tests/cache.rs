//! The cache of facts: what it spares, and that it never changes an answer.

use std::fs::{self, File, FileTimes};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use fastest_lib::discovery::DiscoverOptions;
use fastest_lib::execution::clear_harness;
use fastest_lib::syntax::{FileFacts, ParserKind, Sources, cache_stats, clear_facts, parse_with};
use fastest_lib::workspace::WorkspaceOptions;
use fastest_lib::{ProblemKind, Session};
use proptest::prelude::*;

const PARSER: ParserKind = ParserKind::TreeSitter;

/// Sources and a cache beside them.
struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = Self { folder };
        fs::create_dir(tree.root()).unwrap();
        for (name, text) in files {
            tree.write(name, text);
        }
        settle();
        tree
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn set_modified(&self, name: &str, time: SystemTime) {
        let file = File::options().write(true).open(self.path(name)).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }

    fn sources(&self) -> Sources {
        Sources::cached(PARSER, self.cache(), self.root())
    }

    /// Reads the files through the cache, holds their facts against the parser's and gives hits,
    /// those among them that were read, and misses.
    fn look(&self, names: &[&str]) -> [u64; 3] {
        let sources = self.sources();
        for name in names {
            let (got, path) = (sources.facts(&self.path(name)), self.path(name));
            match fs::read(path) {
                Ok(bytes) => assert_same(&got.unwrap(), &parse_with(&bytes, PARSER), name),
                Err(error) => assert_eq!(got.unwrap_err().kind(), error.kind(), "{name}"),
            }
        }
        let counts = sources.counts();
        assert_eq!(sources.save(), None);
        [counts.hits, counts.read, counts.misses]
    }

    /// The one facts file.
    fn file(&self) -> PathBuf {
        let entries = fs::read_dir(self.cache().join("facts")).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        paths
            .find(|path| path.file_name().unwrap().len() == 32)
            .unwrap()
    }
}

/// Waits until what was written before can be told from what is written from now on.
fn settle() {
    thread::sleep(Duration::from_millis(40));
}

fn assert_same(got: &FileFacts, expected: &FileFacts, context: &str) {
    assert_eq!(format!("{got:?}"), format!("{expected:?}"), "{context}");
}

const A: &str =
    "import pytest\n\n@pytest.mark.parametrize('x', [1, -2.5, b'y', None])\ndef test_a(x): pass\n";
const B: &str = "class TestB:\n    side = {'a': 10 ** 30, **more}\n    async def test_b(self, *, tmp_path=1): yield\n";
const BROKEN: &str = "def test_c(:\n    pass\n\x00 \u{1F40D}";
const FILES: &[(&str, &str)] = &[("a.py", A), ("b.py", B), ("c.py", BROKEN), ("d.py", "")];
const NAMES: &[&str] = &["a.py", "b.py", "c.py", "d.py"];

#[test]
fn an_unchanged_tree_is_neither_read_nor_parsed() {
    let tree = Tree::new(FILES);
    assert_eq!(tree.look(NAMES), [0, 0, 4]);
    let file = fs::read(tree.file()).unwrap();
    for _ in 0..3 {
        assert_eq!(tree.look(NAMES), [4, 0, 0]);
    }
    assert_eq!(fs::read(tree.file()).unwrap(), file, "nothing was learnt");
    // A part of the tree does not forget the rest.
    tree.write("a.py", "x = 1");
    settle();
    assert_eq!(tree.look(&["a.py"]), [0, 0, 1]);
    assert_eq!(tree.look(NAMES), [4, 0, 0]);
}

#[test]
fn sources_without_a_cache_count_nothing_and_save_nothing() {
    let tree = Tree::new(FILES);
    let sources = Sources::new(PARSER);
    sources.facts(&tree.path("a.py")).unwrap();
    assert_eq!(sources.counts(), Default::default());
    assert_eq!(sources.save(), None);
    assert!(!tree.cache().exists());
}

#[test]
fn an_edit_of_the_same_size_and_time_is_seen() {
    let tree = Tree::new(&[("a.py", "a = 1")]);
    let time = SystemTime::now() - Duration::from_secs(1000);
    tree.set_modified("a.py", time);
    settle();
    assert_eq!(tree.look(&["a.py"]), [0, 0, 1]);
    assert_eq!(tree.look(&["a.py"]), [1, 0, 0]);
    tree.write("a.py", "b = 2");
    tree.set_modified("a.py", time);
    assert_eq!(tree.look(&["a.py"]), [0, 0, 1]);
}

#[test]
fn an_edit_within_the_same_tick_of_the_clock_is_seen() {
    let tree = Tree::new(&[]);
    let time = SystemTime::now() - Duration::from_secs(1000);
    let write = |text: &str| {
        tree.write("a.py", text);
        tree.set_modified("a.py", time);
    };
    for n in 100..200 {
        let sources = tree.sources();
        write(&format!("a = {n}"));
        sources.facts(&tree.path("a.py")).unwrap();
        write(&format!("b = {n}"));
        assert_eq!(sources.save(), None);
        tree.look(&["a.py"]);
    }
}

#[test]
fn a_file_from_the_future_is_read_each_time() {
    let tree = Tree::new(&[("a.py", "a = 1")]);
    tree.set_modified("a.py", SystemTime::now() + Duration::from_secs(3600));
    settle();
    assert_eq!(tree.look(&["a.py"]), [0, 0, 1]);
    for _ in 0..2 {
        assert_eq!(tree.look(&["a.py"]), [1, 1, 0]);
    }
}

#[test]
fn known_content_is_not_parsed_again() {
    let tree = Tree::new(FILES);
    tree.look(NAMES);
    // Touched.
    tree.set_modified("a.py", SystemTime::now() - Duration::from_secs(5000));
    settle();
    assert_eq!(tree.look(NAMES), [4, 1, 0]);
    assert_eq!(tree.look(NAMES), [4, 0, 0]);
    // Renamed, copied.
    fs::rename(tree.path("b.py"), tree.path("e.py")).unwrap();
    fs::copy(tree.path("a.py"), tree.path("f.py")).unwrap();
    settle();
    assert_eq!(tree.look(&["b.py", "e.py", "f.py"]), [2, 2, 0]);
    assert_eq!(tree.look(&["e.py", "f.py"]), [2, 0, 0]);
    // Edited and reverted.
    tree.write("a.py", B);
    settle();
    assert_eq!(tree.look(&["a.py"]), [1, 1, 0]);
    tree.write("a.py", "z = 1");
    settle();
    assert_eq!(tree.look(&["a.py"]), [0, 0, 1]);
    tree.write("a.py", A);
    settle();
    assert_eq!(tree.look(&["a.py"]), [1, 1, 0]);
    // Replaced by a folder, and gone.
    fs::remove_file(tree.path("a.py")).unwrap();
    fs::create_dir(tree.path("a.py")).unwrap();
    assert_eq!(tree.look(&["a.py"]), [0, 0, 0]);
    fs::remove_dir(tree.path("a.py")).unwrap();
    assert_eq!(tree.look(&["a.py"]), [0, 0, 0]);
}

#[test]
fn a_symlink_is_what_it_leads_to() {
    let tree = Tree::new(&[("a.py", "a = 1"), ("b.py", "b = 2")]);
    let link = |to: &str| std::os::unix::fs::symlink(tree.path(to), tree.path("l.py")).unwrap();
    link("a.py");
    settle();
    tree.look(&["l.py"]);
    assert_eq!(tree.look(&["l.py"]), [1, 0, 0]);
    fs::remove_file(tree.path("l.py")).unwrap();
    link("b.py");
    assert_eq!(tree.look(&["l.py"]), [0, 0, 1]);
}

#[test]
fn parsers_and_rootdirs_do_not_share_facts() {
    let tree = Tree::new(FILES);
    tree.look(NAMES);
    for parser in [ParserKind::Scanner, ParserKind::Auto] {
        for misses in [4, 0] {
            let sources = Sources::cached(parser, tree.cache(), tree.root());
            for name in NAMES {
                let path = tree.path(name);
                let expected = parse_with(&fs::read(&path).unwrap(), parser);
                assert_same(&sources.facts(&path).unwrap(), &expected, name);
            }
            assert_eq!(sources.counts().misses, misses, "{parser:?}");
            sources.save();
        }
    }
    assert_eq!(tree.look(NAMES), [4, 0, 0]);
    let sources = Sources::cached(PARSER, tree.cache(), tree.path("other"));
    sources.facts(&tree.path("a.py")).unwrap();
    assert_eq!(sources.counts().misses, 1);
}

#[test]
fn facts_of_any_depth_come_back() {
    let classes: String = (0..400)
        .map(|n| format!("{}class A{n}:\n", " ".repeat(n)))
        .collect();
    let calls = format!("x = {}1{}\n", "f(".repeat(3000), ")".repeat(3000));
    let chain = format!("y = a{}\n", ".b".repeat(3000));
    let sums = format!("z = 1{}\n", " + 1".repeat(3000));
    let tree = Tree::new(&[
        ("a.py", &classes),
        ("b.py", &calls),
        ("c.py", &chain),
        ("d.py", &sums),
    ]);
    assert_eq!(tree.look(NAMES), [0, 0, 4]);
    assert_eq!(tree.look(NAMES), [4, 0, 0]);
}

#[test]
fn a_truncated_file_is_rebuilt() {
    let tree = Tree::new(FILES);
    tree.look(NAMES);
    let whole = fs::read(tree.file()).unwrap();
    let path = tree.file();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let sources = tree.sources();
        let facts = sources.facts(&tree.path("b.py")).unwrap();
        assert_eq!(sources.counts().misses, 1, "cut to {length} bytes");
        if length % 64 == 0 {
            assert_same(&facts, &parse_with(B.as_bytes(), PARSER), "b.py");
            assert_eq!(sources.save(), None);
            assert_eq!(tree.look(NAMES), [1, 0, 3], "cut to {length} bytes");
            assert_eq!(tree.look(NAMES), [4, 0, 0], "cut to {length} bytes");
        }
    }
    // Longer is no better.
    fs::write(&path, [&whole[..], b"\n"].concat()).unwrap();
    assert_eq!(tree.look(NAMES), [0, 0, 4]);
    fs::write(&path, whole).unwrap();
    assert_eq!(tree.look(NAMES), [4, 0, 0], "the file as it was is good");
}

#[test]
fn foreign_bytes_are_rebuilt() {
    let tree = Tree::new(FILES);
    tree.look(NAMES);
    let whole = fs::read(tree.file()).unwrap();
    let reversed: Vec<u8> = whole.iter().rev().copied().collect();
    let twice = [&whole[..], &whole].concat();
    for bytes in [vec![0; whole.len()], vec![0xff; 4096], reversed, twice] {
        fs::write(tree.file(), bytes).unwrap();
        assert_eq!(tree.look(NAMES), [0, 0, 4]);
        assert_eq!(tree.look(NAMES), [4, 0, 0]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn changed_bytes_cost_time_and_no_answer(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..6)
    ) {
        let tree = Tree { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(tree.root()).unwrap();
        for (name, text) in FILES {
            tree.write(name, text);
        }
        tree.look(NAMES);
        let mut bytes = fs::read(tree.file()).unwrap();
        for (index, mask) in changes {
            let at = index.index(bytes.len());
            bytes[at] ^= mask;
        }
        fs::write(tree.file(), bytes).unwrap();
        tree.look(NAMES);
        let [hits, _, misses] = tree.look(NAMES);
        prop_assert_eq!((hits, misses), (4, 0));
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_a_problem_and_no_more() {
    let tree = Tree::new(FILES);
    let file = tree.folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let folder_in_place = tree.folder.path().join("taken");
    let facts = tree.folder.path().join("taken/facts");
    tree.look(NAMES);
    fs::create_dir_all(facts.join(tree.file().file_name().unwrap()).join("below")).unwrap();
    for cache in [
        file.join("cache"),
        folder_in_place,
        PathBuf::from("/proc/nowhere"),
    ] {
        let sources = Sources::cached(PARSER, &cache, tree.root());
        for (name, text) in FILES {
            let facts = sources.facts(&tree.path(name)).unwrap();
            assert_same(&facts, &parse_with(text.as_bytes(), PARSER), name);
        }
        let problem = sources.save().unwrap();
        assert_eq!(problem.kind, ProblemKind::Io);
        assert!(
            problem.message.contains("FASTEST_CACHE_DIR"),
            "{}",
            problem.message
        );
    }
    let left: Vec<_> = fs::read_dir(&facts)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        left.iter()
            .all(|n| !n.to_string_lossy().starts_with(".new-")),
        "{left:?}"
    );
}

fn session(tree: &Tree) -> Session {
    let mut options = WorkspaceOptions::new(tree.root());
    options.cache_dir = Some(tree.cache());
    options.rootdir = Some(tree.root());
    Session::open(options).unwrap()
}

/// What a discovery says, with the cache or without.
fn discovered(tree: &Tree, cache: bool) -> String {
    let mut options = DiscoverOptions::default();
    options.cache = cache;
    let discovery = session(tree).discover_with(&options).unwrap();
    format!("{:#?}\n{:#?}", discovery.files, discovery.problems)
}

#[test]
fn a_session_uses_the_cache_unless_told_not_to() {
    let tree = Tree::new(&[
        (
            "conftest.py",
            "import pytest\n\n@pytest.fixture\ndef f(): pass\n",
        ),
        ("test_a.py", "def test_a(f): pass\n"),
    ]);
    let expected = discovered(&tree, false);
    assert!(!tree.cache().exists());
    for _ in 0..3 {
        assert_eq!(discovered(&tree, true), expected);
    }
    let stats = cache_stats(&tree.cache()).unwrap();
    let [one] = &stats.rootdirs[..] else {
        panic!("{stats:?}")
    };
    assert_eq!(Path::new(&one.rootdir), tree.root());
    let numbers = (one.entries, one.files, one.hits, one.misses);
    assert_eq!(numbers, (2, 2, 4, 2));
    assert_eq!(one.bytes, fs::metadata(tree.file()).unwrap().len());
    let total = stats.total();
    assert_eq!((total.entries, total.bytes), (one.entries, one.bytes));
}

#[test]
fn clear_removes_what_is_ours_and_nothing_else() {
    let tree = Tree::new(FILES);
    tree.look(NAMES);
    let cache = tree.cache();
    let compiled = "0123456789abcdef-1f.cpython-314-30e00f0-pytest-9.0.1-2.bin";
    let harness = "harness/0123456789abcdef/fastest_harness";
    let foreign = [
        "facts/notes",
        "notes.bin",
        "0123456789abcdef-notes.bin",
        "harness/0123456789abcdef/fastest_harness/native/notes.txt",
        "harness/other/fastest_harness/a.py",
    ];
    let own = [
        compiled.to_owned(),
        format!("{compiled}.123"),
        "facts/.new-abc".to_owned(),
        format!("{harness}/__main__.py"),
        format!("{harness}/native/__pycache__/a.cpython-314.pyc"),
        "harness/0123456789abcdee/fastest_harness/a.py".to_owned(),
    ];
    for name in foreign
        .iter()
        .copied()
        .chain(own.iter().map(String::as_str))
    {
        let path = cache.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "12345").unwrap();
    }
    let elsewhere = tree.folder.path().join("elsewhere/fastest_harness");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::write(elsewhere.join("kept.py"), "").unwrap();
    let link = cache.join("harness/0123456789abcded");
    std::os::unix::fs::symlink(elsewhere.parent().unwrap(), &link).unwrap();

    let length = |path: PathBuf| fs::metadata(path).unwrap().len();
    let facts = length(tree.file()) + length(tree.file().with_extension("counts"));
    let cleared = clear_facts(&cache).unwrap();
    assert_eq!((cleared.files, cleared.bytes), (3, facts + 5));
    let cleared = clear_harness(&cache).unwrap();
    assert_eq!((cleared.files, cleared.bytes), (5, 25));

    for name in foreign {
        assert!(cache.join(name).exists(), "{name}");
    }
    for name in own {
        assert!(!cache.join(&name).exists(), "{name}");
    }
    assert!(!cache.join("harness/0123456789abcdee").exists());
    assert!(elsewhere.join("kept.py").exists() && link.exists());
    assert_eq!(clear_facts(&cache).unwrap(), Default::default());
    assert_eq!(
        clear_harness(&cache.join("nowhere")).unwrap(),
        Default::default()
    );
    assert_eq!(cache_stats(&cache).unwrap(), Default::default());
    assert_eq!(tree.look(NAMES), [0, 0, 4]);
}

#[test]
fn writers_at_the_same_time_do_not_mix() {
    let tree = Tree::new(FILES);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Each edits files of its own and looks at those of all that do not change, too.
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (tree, stop) = (&tree, &stop);
                scope.spawn(move || {
                    let own = format!("own_{writer}.py");
                    for n in 0..60 {
                        tree.write(&own, &format!("def test_{writer}_{}(): pass", n % 7));
                        tree.look(&["a.py", "b.py", "c.py", "d.py", &own]);
                    }
                    stop.store(true, Ordering::Relaxed);
                })
            })
            .collect();
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                clear_facts(&tree.cache()).unwrap();
                thread::sleep(Duration::from_millis(7));
            }
        });
        for writer in writers {
            writer.join().unwrap();
        }
    });
    settle();
    tree.look(NAMES);
    assert_eq!(tree.look(NAMES), [4, 0, 0]);
}

#[test]
fn threads_share_one_value() {
    let tree = Tree::new(FILES);
    for misses in [4, 0] {
        let sources = tree.sources();
        thread::scope(|scope| {
            for name in NAMES {
                scope.spawn(|| sources.facts(&tree.path(name)).unwrap());
            }
        });
        assert_eq!(sources.counts().misses, misses);
        assert_eq!(sources.save(), None);
    }
}

#[test]
fn whoever_asks_first_for_a_broken_module_has_the_same_answer() {
    let tree = Tree {
        folder: tempfile::tempdir().unwrap(),
    };
    fs::create_dir(tree.root()).unwrap();
    tree.write("broken.py", CONTENTS[3]);
    for file in 0..8 {
        tree.write(&format!("test_{file}.py"), "from broken import *\n");
    }
    let answer = discovered(&tree, false);
    assert_eq!(
        answer.matches("`from broken import *` may bring").count(),
        8
    );
}

/// Something that happens to a tree of four test files.
#[derive(Clone, Debug)]
enum Edit {
    Write(usize, usize),
    SetTime(usize, u64),
    Delete(usize),
    Rename(usize, usize),
    Wait,
    Discover,
}

const CONTENTS: [&str; 6] = [
    "def test_a(): pass\n",
    "def test_b(): pass\n",
    "class TestC:\n    def test_c(self): pass\n",
    "def test_a(:\n",
    "from test_1 import *\n",
    "import pytest\n@pytest.mark.parametrize('x', [1, 2])\ndef test_p(x): pass\n",
];

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (0..4_usize, 0..CONTENTS.len()).prop_map(|(file, text)| Edit::Write(file, text)),
        2 => (0..4_usize, 0..3_u64).prop_map(|(file, time)| Edit::SetTime(file, time)),
        1 => (0..4_usize).prop_map(Edit::Delete),
        1 => (0..4_usize, 0..4_usize).prop_map(|(from, to)| Edit::Rename(from, to)),
        1 => Just(Edit::Wait),
        4 => Just(Edit::Discover),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_answer_is_that_without_a_cache(edits in prop::collection::vec(edit(), 1..25)) {
        let tree = Tree { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(tree.root()).unwrap();
        let name = |file: usize| format!("test_{file}.py");
        tree.write(&name(0), CONTENTS[0]);
        for edit in edits {
            match edit {
                Edit::Write(file, text) => tree.write(&name(file), CONTENTS[text]),
                Edit::SetTime(file, time) if tree.path(&name(file)).exists() => {
                    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + time);
                    tree.set_modified(&name(file), time);
                }
                Edit::SetTime(..) => {}
                Edit::Delete(file) => {
                    let _ = fs::remove_file(tree.path(&name(file)));
                }
                Edit::Rename(from, to) => {
                    let _ = fs::rename(tree.path(&name(from)), tree.path(&name(to)));
                }
                Edit::Wait => settle(),
                Edit::Discover => {
                    prop_assert_eq!(discovered(&tree, true), discovered(&tree, false));
                }
            }
        }
        prop_assert_eq!(discovered(&tree, true), discovered(&tree, false));
        prop_assert_eq!(discovered(&tree, true), discovered(&tree, false));
    }
}
