use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fastest_lib::selection::{TopLevels, top_levels};

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn ask(site: &[&Path], names: &[&str]) -> [String; 3] {
    let names: BTreeSet<String> = names.iter().map(ToString::to_string).collect();
    let site: Vec<_> = site.iter().map(|path| path.to_path_buf()).collect();
    let TopLevels {
        names,
        everywhere,
        unknown,
        ..
    } = top_levels(&site, &names);
    [names, everywhere, unknown].map(|names| names.into_iter().collect::<Vec<_>>().join(" "))
}

#[test]
fn distributions_stand_for_modules() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    let more = folder.path().join("more");
    let source = folder.path().join("source");
    write(
        &source,
        &[
            ("own/__init__.py", ""),
            ("single.py", ""),
            ("data.txt", ""),
            ("no-name/x", ""),
        ],
    );
    let pth = format!("{}\n", source.display());
    write(
        &site,
        &[
            (
                "base-1.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: Base\n\nName: not\n",
            ),
            (
                "base-1.dist-info/RECORD",
                "base/__init__.py,sha256=0,0\nbase_one.py,,\n_fast.cpython-311-x86_64-linux-gnu.so,,\n\
                 ../../../bin/base,,\n__pycache__/base_one.cpython-311.pyc,,\nbase-1.dist-info/RECORD,,\n\
                 \"odd/a,b.py\",,\n",
            ),
            (
                "Middle_Name-2.0.dist-info/METADATA",
                "Name: Middle.Name\nRequires-Dist: base (>=1) ; extra == 'x'\nRequires-Dist: absent>=2\nRequires-Dist: hook ; extra == \"testing-all\"\nRequires-Dist: bare ; extra == 'docs' or os_name == 'x'\n",
            ),
            ("Middle_Name-2.0.dist-info/top_level.txt", "middle\n"),
            (
                "plug-1.dist-info/METADATA",
                "Name: plug\nRequires-Dist: middle-name\n",
            ),
            (
                "plug-1.dist-info/entry_points.txt",
                "[console_scripts]\nx = y\n\n[pytest11]\nplug = plug\n",
            ),
            ("plug-1.dist-info/RECORD", "plug.py,,\n"),
            (
                "pytest-9.dist-info/METADATA",
                "Name: pytest\nRequires-Dist: plain\n",
            ),
            (
                "pytest-9.dist-info/RECORD",
                "pytest/__init__.py,,\n_pytest/__init__.py,,\n",
            ),
            ("plain-1.egg-info/PKG-INFO", "Name: plain\n"),
            (
                "plain-1.egg-info/installed-files.txt",
                "../plain/__init__.py\nPKG-INFO\n",
            ),
            ("egg-1.egg-info/PKG-INFO", "Name: egg\n"),
            (
                "egg-1.egg-info/requires.txt",
                "plain\n\n[extra]\nown\n\n[test:python_version<'3']\nfinder\n",
            ),
            ("egg-1.egg-info/top_level.txt", "egg\n"),
            ("bare-1.egg-info", "Name: bare\n"),
            ("own-1.dist-info/METADATA", "Name: own\n"),
            (
                "own-1.dist-info/RECORD",
                "own.pth,,\nown-1.dist-info/METADATA,,\n",
            ),
            ("own.pth", &pth),
            ("hook-1.dist-info/METADATA", "Name: hook\n"),
            (
                "hook-1.dist-info/RECORD",
                "hook.pth,,\n_hook/__init__.py,,\n",
            ),
            ("hook.pth", "import _hook; _hook.start()\n"),
            ("finder-1.dist-info/METADATA", "Name: finder\n"),
            (
                "finder-1.dist-info/RECORD",
                "__editable__.finder-1.pth,,\n__editable___finder_1_finder.py,,\n",
            ),
            ("finder-1.dist-info/top_level.txt", "finder\n"),
            (
                "__editable__.finder-1.pth",
                "import __editable___finder_1_finder; x.install()\n",
            ),
        ],
    );
    write(
        &more,
        &[
            ("base-0.dist-info/METADATA", "Name: base\n"),
            ("base-0.dist-info/RECORD", "older.py,,\n"),
        ],
    );
    let check = |names: &[&str], expected: [&str; 3]| {
        assert_eq!(ask(&[&site], names), expected, "{names:?}")
    };
    check(&[], ["", "", ""]);
    check(&["plug"], ["plug", "plug", ""]);
    check(&["middle-name"], ["middle plug", "plug", ""]);
    check(
        &["base"],
        ["_fast base base_one middle odd plug", "plug", ""],
    );
    check(&["plain"], ["_pytest egg plain pytest", "pytest", ""]);
    check(&["absent"], ["middle plug", "plug", "absent"]);
    check(&["bare"], ["middle plug", "plug", "bare"]);
    check(&["own"], ["egg own single", "", ""]);
    check(&["hook"], ["_hook", "hook", ""]);
    check(&["finder"], ["finder", "", ""]);
    let both = ask(&[&more, &site, Path::new("/nowhere")], &["base"]);
    assert_eq!(both[0], "_fast base base_one middle odd older plug");
}
