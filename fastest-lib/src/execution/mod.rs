//! From a plan to a stream of events: the interpreter, its workers and their dispatcher.
//!
//! One *zygote* interpreter imports what the workers share and forks them. A worker asks for a
//! file whenever it is free, so work goes to whoever is idle; it reports over a socket of its own.
//! The dispatcher, on the caller's thread, owns all state. See `harness/fastest_harness` for the
//! Python side.

mod affinity;
mod basetemp;
mod cancel;
mod counts;
mod coverage;
mod dispatcher;
mod event;
mod exact;
mod harness;
mod identity;
mod kept;
mod ledger;
mod message;
mod order_check;
mod preload;
mod recording;
mod remembering;
mod said;
mod shared;
mod units;
mod walls;
mod wire;
mod worker;
mod zygote;

pub use cancel::CancelToken;
pub use counts::Counts;
pub use coverage::CoverageSummary;
pub use event::{
    EVENT_SCHEMA, Enforcement, Event, LongRepr, Outcome, Phase, TestFinished, Warning, When,
};
pub use exact::{ExactOptions, ExactReport, clear_exact};
pub use harness::{clear_harness, write_harness};
pub use kept::{StoredResults, clear_results, stored_results};

pub(crate) use basetemp::basetemp;
pub(crate) use coverage::Measuring;
pub(crate) use dispatcher::{RunContext, dispatch};
pub(crate) use exact::{ExactContext, resolve};
pub(crate) use harness::digest as harness_digest;
pub(crate) use identity::Python;
pub(crate) use kept::{Attribution, Entry, Found, Keeping, Store};
pub(crate) use order_check::OrderCheck;
pub(crate) use preload::Forecast;
pub use preload::clear_forecasts;
pub(crate) use recording::Recording;
pub use recording::clear_records;
pub(crate) use remembering::Remembering;
pub use remembering::clear_history;
pub(crate) use units::Units;
pub(crate) use zygote::{Boot, Early, Uncaptured, Zygote};
