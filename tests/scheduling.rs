//! What runs when and where: what earlier runs saw, shards, strategies.

mod history;
mod order;
mod strategies;
mod together;
