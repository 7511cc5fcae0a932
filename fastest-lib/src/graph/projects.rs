//! What the projects of the workspace say of how they are laid out and installed.

use std::path::Path;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::tree::{Tree, is_project_file};
use crate::workspace::{IniSections, parse_ini};

/// One project: a folder with a file that describes how it is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Project {
    /// Relative to the rootdir.
    pub(super) folder: String,
    /// Further folders, relative to the rootdir, in which its modules lie.
    pub(super) roots: Vec<String>,
    pub(super) entry_points: Vec<EntryPoint>,
    /// Globs of the files that belong to packages, by package; `*` is all of them.
    pub(super) package_data: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EntryPoint {
    pub(super) group: String,
    pub(super) name: String,
    /// `module:object`.
    pub(super) target: String,
}

/// The projects of a tree, in the order of their folders.
pub(super) fn read(tree: &Tree) -> Vec<Project> {
    let files: Vec<u32> = (0..super::tree::number(tree.files.len()))
        .filter(|at| {
            let file = &tree.files[*at as usize];
            is_project_file(&file.name) && !file.is_ghost
        })
        .collect();
    let read: Vec<Project> = files.par_iter().map(|at| one(tree, *at)).collect();
    let mut projects: Vec<Project> = Vec::new();
    for project in read {
        match projects.last_mut() {
            Some(last) if last.folder == project.folder => {
                last.roots.extend(project.roots);
                last.entry_points.extend(project.entry_points);
                last.package_data.extend(project.package_data);
            }
            _ => projects.push(project),
        }
    }
    projects
}

fn one(tree: &Tree, file: u32) -> Project {
    let record = &tree.files[file as usize];
    let folder = tree.folders[record.folder as usize].path.clone();
    let path = tree.rootdir.join(tree.path_of(file));
    let mut project = Project {
        folder,
        ..Project::default()
    };
    // What cannot be read or parsed says nothing; its own tools say what is wrong.
    let text = std::fs::read(&path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    match record.name.as_str() {
        "pyproject.toml" => {
            if let Ok(table) = text.parse::<Table>() {
                project.read_pyproject(&table);
            }
        }
        "setup.cfg" => {
            if let Ok(sections) = parse_ini(&text) {
                project.read_setup_cfg(&sections);
            }
        }
        "entry_points.txt" => {
            if let Ok(sections) = parse_ini(&text) {
                for (group, entries) in &sections {
                    for (name, target) in entries {
                        project.entry_point(group, name, target);
                    }
                }
            }
        }
        _ => project.read_setup_py(&text),
    }
    project
}

fn at<'t>(table: &'t Table, keys: &[&str]) -> Option<&'t Value> {
    let (first, rest) = keys.split_first()?;
    let mut value = table.get(*first)?;
    for key in rest {
        value = value.get(key)?;
    }
    Some(value)
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = value.and_then(Value::as_array);
    let one = value.and_then(Value::as_str);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .chain(one)
}

impl Project {
    fn root(&mut self, folder: &str) {
        let path = Path::new(&self.folder).join(folder);
        let mut parts: Vec<&str> = Vec::new();
        for part in path.iter().filter_map(|part| part.to_str()) {
            match part {
                "." | "/" => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        self.roots.push(parts.join("/"));
    }

    fn entry_point(&mut self, group: &str, name: &str, target: &str) {
        let target = target.split('[').next().unwrap_or_default().trim();
        self.entry_points.push(EntryPoint {
            group: group.trim().to_owned(),
            name: name.trim().to_owned(),
            target: target.to_owned(),
        });
    }

    fn read_pyproject(&mut self, table: &Table) {
        let scripts = [
            (&["project", "scripts"][..], "console_scripts"),
            (&["project", "gui-scripts"][..], "gui_scripts"),
            (&["tool", "poetry", "scripts"][..], "console_scripts"),
        ];
        for (keys, group) in scripts {
            for (name, target) in at(table, keys)
                .and_then(Value::as_table)
                .into_iter()
                .flatten()
            {
                if let Some(target) = target.as_str() {
                    self.entry_point(group, name, target);
                }
            }
        }
        for keys in [
            &["project", "entry-points"][..],
            &["tool", "poetry", "plugins"][..],
        ] {
            let groups = at(table, keys).and_then(Value::as_table);
            for (group, entries) in groups.into_iter().flatten() {
                for (name, target) in entries.as_table().into_iter().flatten() {
                    if let Some(target) = target.as_str() {
                        self.entry_point(group, name, target);
                    }
                }
            }
        }
        for folder in strings(at(
            table,
            &["tool", "setuptools", "packages", "find", "where"],
        )) {
            self.root(folder);
        }
        let folders = at(table, &["tool", "setuptools", "package-dir"]);
        for (_, folder) in folders.and_then(Value::as_table).into_iter().flatten() {
            if let Some(folder) = folder.as_str() {
                self.root(folder);
            }
        }
        let packages = at(table, &["tool", "poetry", "packages"]).and_then(Value::as_array);
        for package in packages.into_iter().flatten() {
            if let Some(folder) = package.get("from").and_then(Value::as_str) {
                self.root(folder);
            }
        }
        let wheel = ["tool", "hatch", "build", "targets", "wheel"];
        for key in ["packages", "sources"] {
            let keys = [&wheel[..], &[key]].concat();
            for package in strings(at(table, &keys)) {
                self.root(package.rsplit_once('/').map_or("", |(folder, _)| folder));
                self.root(package);
            }
        }
        let data = at(table, &["tool", "setuptools", "package-data"]);
        for (package, globs) in data.and_then(Value::as_table).into_iter().flatten() {
            let globs = strings(Some(globs)).map(str::to_owned).collect();
            self.package_data.push((package.clone(), globs));
        }
    }

    fn read_setup_cfg(&mut self, sections: &IniSections) {
        if let Some(entries) = sections.get("options.entry_points") {
            for (group, lines) in entries {
                for line in lines.lines() {
                    if let Some((name, target)) = line.split_once('=') {
                        self.entry_point(group, name, target);
                    }
                }
            }
        }
        let value = |section: &str, key: &str| sections.get(section)?.get(key).cloned();
        if let Some(folder) = value("options.packages.find", "where") {
            self.root(folder.trim());
        }
        for line in value("options", "package_dir").unwrap_or_default().lines() {
            if let Some((_, folder)) = line.split_once('=') {
                self.root(folder.trim());
            }
        }
        for (package, globs) in sections.get("options.package_data").into_iter().flatten() {
            let globs = globs.split([',', '\n']).map(str::trim);
            let globs = globs.filter(|glob| !glob.is_empty()).map(str::to_owned);
            self.package_data.push((package.clone(), globs.collect()));
        }
    }

    /// Literals of a `setup.py` that look like entry points or folders: it is a program.
    fn read_setup_py(&mut self, text: &str) {
        let mut group = String::new();
        for literal in literals(text) {
            match literal.split_once('=') {
                Some((name, target)) if target.contains(':') || target.contains('.') => {
                    let group = match group.as_str() {
                        "" => "console_scripts".to_owned(),
                        group => group.to_owned(),
                    };
                    self.entry_point(&group, name, target);
                }
                _ if literal.contains('.')
                    || literal.ends_with("_scripts")
                    || literal == "pytest11" =>
                {
                    group = literal.to_owned();
                }
                _ if matches!(literal, "src" | "lib" | "python") => self.root(literal),
                _ => {}
            }
        }
    }
}

/// The texts between quotes, of one line each.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| {
        let mut rest = line;
        std::iter::from_fn(move || {
            let at = rest.find(['"', '\''])?;
            let quote = rest.as_bytes()[at] as char;
            let after = &rest[at + 1..];
            let end = after.find(quote)?;
            rest = &after[end + 1..];
            Some(&after[..end])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(read: impl Fn(&mut Project)) -> Project {
        let mut project = Project {
            folder: "libs/a".to_owned(),
            ..Project::default()
        };
        read(&mut project);
        project
    }

    fn entry(group: &str, name: &str, target: &str) -> EntryPoint {
        EntryPoint {
            group: group.to_owned(),
            name: name.to_owned(),
            target: target.to_owned(),
        }
    }

    #[test]
    fn every_form_of_description_is_read() {
        let toml = "[project.scripts]\na = 'a.cli:main'\n[project.entry-points.pytest11]\n\
                    b = 'a.plugin'\n[tool.setuptools.packages.find]\nwhere = ['src']\n\
                    [tool.setuptools.package-data]\na = ['*.json']\n";
        let toml = project(|p| p.read_pyproject(&toml.parse().unwrap()));
        let cfg = "[options]\npackage_dir =\n    = src\n[options.entry_points]\nconsole_scripts =\n    \
                   a = a.cli:main\npytest11 =\n    b = a.plugin\n[options.package_data]\na = *.json\n";
        let cfg = project(|p| p.read_setup_cfg(&parse_ini(cfg).unwrap()));
        let py = "setup(package_dir={'': 'src'}, entry_points={'console_scripts': ['a=a.cli:main'],\n\
                  'pytest11': ['b = a.plugin']})";
        let py = project(|p| p.read_setup_py(py));
        for project in [&toml, &cfg, &py] {
            assert_eq!(project.roots, ["libs/a/src"]);
            let expected = [
                entry("console_scripts", "a", "a.cli:main"),
                entry("pytest11", "b", "a.plugin"),
            ];
            assert_eq!(project.entry_points, expected);
        }
        let data = [("a".to_owned(), vec!["*.json".to_owned()])];
        assert_eq!(
            (toml.package_data, cfg.package_data),
            (data.to_vec(), data.to_vec())
        );
    }
}
