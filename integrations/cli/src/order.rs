//! The options that say what runs when, and where.

use fastest_lib::plan::RunOptions;
use fastest_lib::selection::{Filters, Rerun, Selection, Shard, ShardBy};
use fastest_lib::workspace::{Isolation, Strategy};
use fastest_lib::{Error, ErrorKind, Session};

use crate::args::{IsolationArg, NoFailuresArg, OptimizerArg, OrderArgs, ShardByArg};

/// What pytest is told where it takes the place of the command: it goes by a cache of its own.
pub(crate) fn of_pytest(args: &OrderArgs) -> Result<Vec<String>, Error> {
    if args.shard.is_some() {
        let message = "--shard does not go with a debugger";
        return Err(Error::new(ErrorKind::Usage, message));
    }
    let flags = [
        ("--last-failed", args.last_failed),
        ("--failed-first", args.failed_first),
        ("--new-first", args.new_first),
        ("--cache-clear", args.cache_clear),
    ];
    let flags = flags.iter().filter(|(_, given)| *given);
    let mut options: Vec<String> = flags.map(|(name, _)| (*name).to_owned()).collect();
    options.extend(args.last_failed_no_failures.map(|what| {
        let what = match what {
            NoFailuresArg::All => "all",
            NoFailuresArg::None => "none",
        };
        format!("--last-failed-no-failures={what}")
    }));
    Ok(options)
}

/// What of the history and of the shards narrows a run. Clears the history if that is asked for.
pub(crate) fn filters(
    filters: &mut Filters,
    args: &OrderArgs,
    session: &Session,
) -> Result<(), Error> {
    let addopts = session.workspace().addopts();
    if args.cache_clear || addopts.cache_clear {
        session.clear_history()?;
    }
    let mut rerun = Rerun::default();
    rerun.last_failed = args.last_failed || addopts.last_failed;
    rerun.failed_first = args.failed_first || addopts.failed_first;
    rerun.new_first = args.new_first || addopts.new_first;
    rerun.none_without_failures = match args.last_failed_no_failures {
        Some(what) => what == NoFailuresArg::None,
        None => addopts.last_failed_no_failures.as_deref() == Some("none"),
    };
    filters.rerun = rerun;
    let shard = args.shard.as_deref().map(Shard::parse).transpose()?;
    filters.shard = shard.map(|mut shard| {
        if args.shard_by == Some(ShardByArg::Durations) {
            shard.by = ShardBy::Durations;
        }
        shard
    });
    Ok(())
}

/// Has what is close to a change run first, if that is asked for.
pub(crate) fn closest_first(
    selection: &mut Selection,
    args: &OrderArgs,
    session: &Session,
) -> Result<(), Error> {
    let Some(rev) = &args.changed_first else {
        return Ok(());
    };
    let (graph, _) = session.joined_graph(true);
    let changes = session.changes_since(&graph, rev)?;
    let affected = session.affected(&graph, &changes);
    session.closest_first(selection, &affected);
    Ok(())
}

/// How files are divided among processes: the command line, else `[tool.fastest]`.
pub(crate) fn options(options: &mut RunOptions, args: &OrderArgs, session: &Session) {
    let own = session.workspace().fastest_config();
    options.strategy = match args.optimizer {
        Some(OptimizerArg::Simple) => Strategy::Simple,
        Some(OptimizerArg::Batch) => Strategy::Batch,
        Some(OptimizerArg::Parallel) => Strategy::Parallel,
        Some(OptimizerArg::Optimized) => Strategy::Optimized,
        None => own.optimizer.unwrap_or_default(),
    };
    options.isolation = match args.isolation {
        Some(IsolationArg::Worker) => Isolation::Worker,
        Some(IsolationArg::Module) => Isolation::Module,
        Some(IsolationArg::Test) => Isolation::Test,
        None => own.isolation.unwrap_or_default(),
    };
    options.check_order = args.check_order;
}
