//! The configurations of many customers seen at once: which paths are set, to what, and who does it otherwise.
//!
//! A [`FleetIndex`] has what is needed for that of every connection of an integration, in a few hundred bytes each: its
//! leaves as numbers. A *leaf* is a path and the value there, where that is not an object with keys.

mod condition;
mod index;
mod leaves;

pub use condition::{Condition, Test};
pub use index::{FleetIndex, Selected};

use serde_json::Value;
use std::collections::BTreeMap;

/// Different paths that are looked at. Documents whose keys are data (ids, e-mail addresses) would have any number.
pub const MAX_PATHS: usize = 2_000;
/// The most common values that are told.
const TOP: usize = 10;
/// Deviants that are told.
const DEVIANTS: usize = 20;
/// A value that so many of those share who set it is what is usual: 90 %.
const USUAL: (usize, usize) = (9, 10);
/// Of a longer value only the beginning is kept and shown, in bytes of its JSON text.
const SHOWN: usize = 200;

/// What is known of the fleet.
#[derive(Clone, Debug, Default)]
pub struct FleetFacts {
    /// Connections that were looked at.
    pub connections: usize,
    /// How many of them have metadata.
    pub with_metadata: usize,
    /// How many have an effective configuration that does not fit the schema.
    pub invalid: usize,
    /// By path, also where nobody sets what the schema demands; those that most set first.
    pub paths: Vec<PathFacts>,
    /// There are more than [`MAX_PATHS`] paths; the first ones are told.
    pub are_paths_cut: bool,
}

/// What is known of one path.
#[derive(Clone, Debug)]
pub struct PathFacts {
    /// JSON pointer to it.
    pub path: String,
    /// Connections that set it to anything but an object with keys.
    pub set: usize,
    /// How many values there are of each JSON type.
    pub types: BTreeMap<&'static str, usize>,
    /// Different values.
    pub distinct: usize,
    /// The most common values, the most common first.
    pub values: Vec<ValueCount>,
    /// Connections with a value that is not among those.
    pub others: usize,
    /// Connections whose effective configuration does not fit the schema there.
    pub invalid: usize,
    /// Some of those who have another value than nearly all others, oldest first; none where no value is usual.
    pub deviants: Vec<Deviant>,
}

/// A value and how many have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueCount {
    /// The value; a long one is a text with its beginning.
    pub value: Value,
    /// How many have it.
    pub count: usize,
}

/// A connection whose value is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviant {
    /// The connection's id.
    pub connection_id: String,
    /// Its value; a long one is a text with its beginning.
    pub value: Value,
}
