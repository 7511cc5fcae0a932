//! From files to what they depend on.
//!
//! [`ImportGraph`] takes a [`Workspace`](crate::workspace::Workspace) and gives a graph of its files:
//! a node for each file and folder, an edge for whatever one file can load or read of another. No
//! Python runs. It is asked for closures, dependents and shortest ways; `selection` asks it which
//! tests changes concern.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use fastest_lib::Session;
//! use fastest_lib::selection::Changes;
//!
//! # fn main() -> fastest_lib::Result<()> {
//! let session = Session::new("path/to/project")?;
//! let (graph, _) = session.graph(true);
//! let inputs = session.inputs(&graph, Path::new("tests/test_cart.py"))?;
//! println!("{} files, {} unresolved places", inputs.files.len(), inputs.unresolved.len());
//! for edge in graph.why("tests/test_cart.py", "shop/money.py").unwrap_or_default() {
//!     println!("{}:{} -> {} ({})", edge.from, edge.line, edge.to, edge.rule);
//! }
//!
//! let changes = session.changes_since(&graph, "origin/main")?;
//! for test in session.affected(&graph, &changes).tests {
//!     println!("{}: {:?}", test.file, test.reason.cause());
//! }
//! // The same of a list of files.
//! let root = session.workspace().rootdir();
//! let changes = Changes::listed(root, root, ["shop/money.py"]);
//! println!("{}", session.affected(&graph, &changes).tests.len());
//! # Ok(())
//! # }
//! ```
//!
//! # Rules
//!
//! Edges come from rules, which [`Rule`] names and describes; each edge tells its own. A rule looks at
//! the references that [`syntax`](crate::syntax) finds in one file and at the names of the files there
//! are, and at nothing that another file says. So the edges of a file depend on that file and on names
//! alone. Two things that files say hold for all, and are gathered before: the folders that some put
//! on `sys.path`, and what project files (`pyproject.toml` and its kin) say of layouts and entry
//! points.
//!
//! A name that several places may have leads to all of them, since which comes first depends on how
//! tests are started.
//!
//! # Conditions
//!
//! Some edges count only in company ([`Edge::conditional`]). A string that names a module counts in a
//! closure which reaches something that loads computed names. A string that names a package counts
//! where the file that holds it leads to something that walks packages which are not known. Edges of
//! type checkers, and those from unresolved places to everything below their import root, count as the
//! configuration says. A [`Closure`] lists the [`Unresolved`] places in it.
//!
//! # Updates
//!
//! [`ImportGraph::cached`] maps the graph that was kept, looks at every folder and source file, reads
//! the files that changed and makes their edges anew, and those of files that named something which
//! came or went. The result equals a graph made anew. Where what holds for all has changed, all edges
//! are made again, from references that are kept. A deleted file is looked for by putting it back
//! among the names, without content.
//!
//! # Files
//!
//! | file | what it does |
//! |---|---|
//! | `tree` | lists the files of the workspace |
//! | `changed` | tells which folders and files are not as they were |
//! | `environment`, `projects` | what is the same for all files: configuration, interpreter, layouts |
//! | `names` | from the names of modules to files |
//! | `rules`, `rule`, `kind` | from references to edges |
//! | `build`, `probes`, `assemble` | from files, or what an edit touches, to the graph |
//! | `flat`, `store` | the graph in columns, in memory and on disk |
//! | `groups` | files that depend on each other, for build systems |
//! | `reach` | closures and shortest ways, under the conditions that hold |
//! | `closures` | the closures of many files at once |
//! | `import_graph` | the questions that it answers |

mod assemble;
mod build;
mod changed;
mod closures;
mod environment;
mod flat;
mod groups;
mod import_graph;
mod kind;
mod make;
mod model;
mod names;
mod part;
mod probes;
mod problems;
mod projects;
mod queries;
mod reach;
mod read;
mod rule;
mod rules;
mod store;
mod touched;
mod tree;
mod view;

pub use closures::Closures;
pub use groups::{Group, GroupedTest, Groups, TestRoots};
pub use import_graph::ImportGraph;
pub use kind::{EdgeKind, NodeKind};
pub use model::{
    Closure, Condensation, Edge, GraphCounts, GraphDiff, GraphStats, Node, Unresolved,
};
pub use part::Part;
pub(crate) use queries::Reached;
pub use rule::Rule;
pub use store::{StoredGraphs, clear_graphs, stored_graphs};
