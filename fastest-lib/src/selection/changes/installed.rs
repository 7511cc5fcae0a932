use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::requirements::{distribution_name, name_of_requirement};

/// What distributions are to the programs that import them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TopLevels {
    /// The first names of the modules that they, and what requires them, install.
    pub names: BTreeSet<String>,
    /// Those among them, by distribution, that every test run loads without an import in sight:
    /// pytest, its plugins, and what a `.pth` file imports when Python starts.
    pub everywhere: BTreeSet<String>,
    /// The distributions that are not installed, or do not tell what they install.
    pub unknown: BTreeSet<String>,
}

/// Names of extras for the developers of a distribution, or the first words of such names. Most
/// tools of the field name each other there, and would all stand for each other.
const FOR_DEVELOPERS: &[&str] = &[
    "build",
    "check",
    "ci",
    "cov",
    "cover",
    "coverage",
    "dev",
    "develop",
    "development",
    "doc",
    "docs",
    "documentation",
    "enabler",
    "lint",
    "linting",
    "mypy",
    "qa",
    "release",
    "test",
    "testing",
    "tests",
    "type",
    "types",
    "typing",
];

/// One installed distribution.
struct Installed {
    /// Its `.dist-info` or `.egg-info`, a folder or a file.
    info: PathBuf,
    requires: BTreeSet<String>,
}

/// The modules that stand for `distributions`, which have normalised names, in the site-packages
/// folders `installed`. A distribution that requires one of them, directly or not, stands for it
/// too: it may behave otherwise when that changes. Whatever marker a requirement has, it holds;
/// only the extras with which a distribution itself is developed are left out.
pub fn top_levels(installed: &[PathBuf], distributions: &BTreeSet<String>) -> TopLevels {
    let found = read_all(installed);
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, places) in &found {
        for required in places.iter().flat_map(|place| &place.requires) {
            users.entry(required).or_default().push(name);
        }
    }
    let mut result = TopLevels::default();
    let mut open: Vec<&str> = distributions.iter().map(String::as_str).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name) {
            continue;
        }
        open.extend(users.get(name).into_iter().flatten());
        let Some(places) = found.get(name) else {
            result.unknown.insert(name.to_owned());
            continue;
        };
        for place in places {
            let modules = Modules::of(&place.info);
            if !modules.known {
                result.unknown.insert(name.to_owned());
            }
            if modules.everywhere || name == "pytest" {
                result.everywhere.insert(name.to_owned());
            }
            result.names.extend(modules.names);
        }
    }
    result
}

/// The distributions, by normalised name, that install modules of these top-level names into the
/// site-packages folders `installed`.
pub fn distributions_of(
    installed: &[PathBuf],
    names: &BTreeSet<String>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (distribution, places) in read_all(installed) {
        for place in places {
            let modules = Modules::of(&place.info).names.into_iter();
            for module in modules.filter(|module| names.contains(module)) {
                let distributions = found.entry(module).or_default();
                distributions.insert(distribution.clone());
            }
        }
    }
    found
}

/// The installed distributions by normalised name; one may be there more than once.
fn read_all(folders: &[PathBuf]) -> BTreeMap<String, Vec<Installed>> {
    let mut found: BTreeMap<String, Vec<Installed>> = BTreeMap::new();
    let entries = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    for entry in entries.flatten().flatten() {
        let file = entry.file_name();
        let file = file.to_string_lossy();
        let stem = file.strip_suffix(".dist-info");
        let Some(stem) = stem.or_else(|| file.strip_suffix(".egg-info")) else {
            continue;
        };
        let info = entry.path();
        let (mut name, requires) = metadata(&info);
        if name.is_empty() {
            name = distribution_name(stem.split('-').next().unwrap_or(stem));
        }
        found
            .entry(name)
            .or_default()
            .push(Installed { info, requires });
    }
    found
}

/// The name and the requirements that the metadata tell.
fn metadata(info: &Path) -> (String, BTreeSet<String>) {
    let files = [
        info.join("METADATA"),
        info.join("PKG-INFO"),
        info.to_path_buf(),
    ];
    let text = files.iter().find_map(|file| read(file)).unwrap_or_default();
    let mut name = String::new();
    let mut requires = BTreeSet::new();
    // A blank line ends the headers; a description follows.
    for line in text.lines().take_while(|line| !line.is_empty()) {
        if let Some(value) = line.strip_prefix("Name:") {
            name = distribution_name(value.trim());
        } else if let Some(value) = line.strip_prefix("Requires-Dist:")
            && !is_for_developers(value)
        {
            requires.extend(name_of_requirement(value).map(distribution_name));
        }
    }
    // Only eggs have it, with the requirements of an extra below `[extra]` or `[extra:marker]`.
    let listed = read(&info.join("requires.txt")).unwrap_or_default();
    let mut passed_over = false;
    for line in listed.lines() {
        if let Some(section) = line.strip_prefix('[') {
            let extra = section.split([':', ']']).next().unwrap_or_default();
            passed_over = is_development(extra);
        } else if !passed_over {
            requires.extend(name_of_requirement(line).map(distribution_name));
        }
    }
    (name, requires)
}

/// Whether a requirement holds for extras alone which only developers install.
fn is_for_developers(requirement: &str) -> bool {
    let (_, marker) = requirement.split_once(';').unwrap_or((requirement, ""));
    let mut extras = marker.split("extra ==").skip(1).peekable();
    let name = |text: &str| {
        let text = text.trim_start().trim_start_matches(['"', '\'']);
        let end = text.find(['"', '\'']).unwrap_or(text.len());
        is_development(&text[..end])
    };
    extras.peek().is_some() && !marker.contains(" or ") && extras.all(name)
}

fn is_development(extra: &str) -> bool {
    let extra = distribution_name(extra);
    FOR_DEVELOPERS.contains(&extra.split('-').next().unwrap_or(&extra))
}

#[derive(Default)]
struct Modules {
    names: BTreeSet<String>,
    everywhere: bool,
    /// Whether there is a list of what was installed.
    known: bool,
}

impl Modules {
    fn of(info: &Path) -> Self {
        let mut modules = Self::default();
        if let Some(text) = read(&info.join("top_level.txt")) {
            modules.known = true;
            let lines = text.lines().map(str::trim);
            modules
                .names
                .extend(lines.filter(|l| !l.is_empty()).map(str::to_owned));
        }
        let site = info.parent().unwrap_or(info);
        if let Some(record) = read(&info.join("RECORD")) {
            modules.known = true;
            for line in record.lines() {
                modules.file(site, path_in_record(line).as_ref());
            }
        }
        if let Some(record) = read(&info.join("installed-files.txt")) {
            modules.known = true;
            for line in record.lines() {
                // Relative to the folder of the metadata.
                modules.file(site, line.strip_prefix("../").unwrap_or("../"));
            }
        }
        let entry_points = read(&info.join("entry_points.txt")).unwrap_or_default();
        modules.everywhere |= entry_points.lines().any(|line| line.trim() == "[pytest11]");
        modules
    }

    /// Takes in an installed file, given relative to the site-packages folder.
    fn file(&mut self, site: &Path, path: &str) {
        let (first, below) = path.split_once('/').unwrap_or((path, ""));
        if below.is_empty() {
            if first.ends_with(".pth") {
                self.path_file(&site.join(first));
            } else if let Some(name) = module_name(first) {
                self.names.insert(name.to_owned());
            }
        } else if is_identifier(first) && first != "__pycache__" {
            self.names.insert(first.to_owned());
        }
    }

    /// A `.pth` file: folders with more modules, or code that runs when Python starts.
    fn path_file(&mut self, file: &Path) {
        let text = read(file).unwrap_or_default();
        for line in text.lines().map(str::trim) {
            if line.starts_with("import ") || line.starts_with("import\t") {
                // The finder of an editable install only answers imports.
                self.everywhere |= !line.contains("__editable__");
            } else if !line.is_empty() && !line.starts_with('#') {
                self.names.extend(modules_in(Path::new(line)));
            }
        }
    }
}

/// The modules and packages that lie in a folder.
fn modules_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        if entry.path().is_dir() {
            return is_identifier(&name).then_some(name);
        }
        module_name(&name).map(str::to_owned)
    });
    names.collect()
}

/// The module that a file is, as its suffix says.
fn module_name(file: &str) -> Option<&str> {
    let (name, suffix) = file.split_once('.')?;
    let is_module = suffix == "py" || suffix.ends_with("so") || suffix.ends_with("pyd");
    (is_module && is_identifier(name) && !name.starts_with("__editable__")).then_some(name)
}

fn is_identifier(name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_part)
}

/// The first field of a line of `RECORD`, which is CSV.
fn path_in_record(line: &str) -> String {
    match line.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default().to_owned(),
        None => line.split(',').next().unwrap_or_default().to_owned(),
    }
}

/// The text of a file; what is not UTF-8 in it is replaced.
fn read(file: &Path) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
