//! stub
#![allow(missing_docs)]
use crate::discovery::*;
#[derive(Clone,Debug,Default)] pub struct Filters { pub keyword: Option<String>, pub markexpr: Option<String>, pub deselect: Vec<String> }
#[derive(Clone,Debug)] pub struct SelectedFile { pub path: String, pub tests: Vec<Test>, pub whole: bool, pub ids: Option<Vec<String>> }
impl SelectedFile { pub fn ids(&self) -> Option<Vec<String>> { self.ids.clone() } }
#[derive(Clone,Debug,Default)] pub struct Selection { pub files: Vec<SelectedFile>, pub deselected: usize, pub filters: Filters }
impl Selection { pub fn tests(&self) -> impl Iterator<Item=&Test> { self.files.iter().flat_map(|f| &f.tests) } }
pub fn select(d: &Discovery, f: &Filters) -> crate::Result<Selection> { Ok(Selection { files: d.files.iter().map(|x| SelectedFile { path: x.path.clone(), tests: x.tests.clone(), whole: true, ids: None }).collect(), deselected: 0, filters: f.clone() }) }
