//! `fastest cache`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use fastest_lib::execution::{StoredResults, stored_results};
use fastest_lib::graph::{StoredGraphs, clear_graphs, stored_graphs};
use fastest_lib::report::ExitCode;
use fastest_lib::syntax::{CacheStats, RootdirStats, cache_stats, clear_facts};
use fastest_lib::workspace::WorkspaceOptions;
use fastest_lib::{Error, ErrorKind, execution};
use serde_json::{Value, json};

use crate::args::{CacheArgs, CacheCommand, CacheOutput, WorkspaceArgs};
use crate::workspace;

/// The version of the schema of `fastest cache stats`.
const SCHEMA: u32 = 1;

pub(crate) fn cache(args: &CacheArgs) -> Result<ExitCode, Error> {
    let options: WorkspaceOptions = workspace::options(&WorkspaceArgs::default())?;
    let folder = options.cache_folder();
    let failed = |error: io::Error| {
        let message = format!("{}: the cache cannot be used: {error}", folder.display());
        Error::new(ErrorKind::Io, message)
    };
    let text = match &args.command {
        CacheCommand::Stats(args) => {
            let stats = cache_stats(&folder).map_err(failed)?;
            let graphs = stored_graphs(&folder).map_err(failed)?;
            let results = stored_results(&folder).map_err(failed)?;
            match args.output {
                CacheOutput::Text => text(&folder, &stats, graphs, results),
                CacheOutput::Json => format!("{}\n", document(&folder, &stats, graphs, results)),
            }
        }
        CacheCommand::Clear => {
            let facts = clear_facts(&folder).map_err(failed)?;
            let graphs = clear_graphs(&folder).map_err(failed)?;
            let exact = execution::clear_exact(&folder)?;
            let harness = execution::clear_harness(&folder)?;
            let records = execution::clear_records(&folder)?;
            let history = execution::clear_history(&folder)?;
            let forecasts = execution::clear_forecasts(&folder)?;
            let results = execution::clear_results(&folder)?;
            let all = [
                facts, graphs, exact, harness, records, history, results, forecasts,
            ];
            let files: u64 = all.iter().map(|cleared| cleared.files).sum();
            let bytes: u64 = all.iter().map(|cleared| cleared.bytes).sum();
            format!(
                "{}: removed {files} files, {bytes} bytes\n",
                folder.display()
            )
        }
    };
    // A reader that has had enough is no error.
    let _ = io::stdout().lock().write_all(text.as_bytes());
    Ok(ExitCode::Ok)
}

fn text(folder: &Path, stats: &CacheStats, graphs: StoredGraphs, results: StoredResults) -> String {
    let mut text = format!("{}\n", folder.display());
    let total = total(stats, graphs, results);
    let named = stats.rootdirs.iter().map(|one| (one.rootdir.as_str(), one));
    for (name, one) in named.chain([("total", &total)]) {
        let RootdirStats {
            entries,
            files,
            hits,
            misses,
            bytes,
            ..
        } = one;
        if name == "total" {
            let StoredGraphs { graphs, bytes, .. } = graphs;
            let _ = writeln!(text, "  import graphs: {graphs} files, {bytes} bytes");
            let StoredResults { units, bytes, .. } = results;
            let _ = writeln!(text, "  results: {units} test files, {bytes} bytes");
        }
        let _ = writeln!(
            text,
            "  {name}: {entries} entries, {files} files, {hits} hits, {misses} misses, {bytes} bytes"
        );
    }
    text
}

/// Everything that is counted: the bytes are those of the graphs and the results, too.
fn total(stats: &CacheStats, graphs: StoredGraphs, results: StoredResults) -> RootdirStats {
    let mut total = stats.total();
    total.bytes += graphs.bytes + results.bytes;
    total
}

fn document(
    folder: &Path,
    stats: &CacheStats,
    graphs: StoredGraphs,
    results: StoredResults,
) -> Value {
    let rootdirs = stats.rootdirs.iter().map(|one| {
        let mut object = numbers(one);
        object["rootdir"] = json!(one.rootdir);
        object
    });
    json!({
        "schema": SCHEMA,
        "cache_dir": folder.to_string_lossy(),
        "rootdirs": rootdirs.collect::<Vec<_>>(),
        "graphs": {"graphs": graphs.graphs, "bytes": graphs.bytes},
        "results": {"units": results.units, "bytes": results.bytes},
        "total": numbers(&total(stats, graphs, results)),
    })
}

fn numbers(stats: &RootdirStats) -> Value {
    json!({
        "entries": stats.entries,
        "files": stats.files,
        "hits": stats.hits,
        "misses": stats.misses,
        "bytes": stats.bytes,
    })
}
