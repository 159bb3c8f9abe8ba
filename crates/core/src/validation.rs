//! How strictly something is held to a schema: functions' data, and customers' configurations.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What happens when something does not fit its schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing: the schema counts for nothing. A configuration has no problems then, and no defaults from it.
    Off,
    /// It is told. Data: in the log, once for each version of a function and place in the data. A configuration: in its
    /// problems.
    #[default]
    Warn,
    /// It is refused. Data: an action fails, a batch of records is not saved. A configuration: it is not written, and no run
    /// starts with it.
    Enforce,
}

impl Mode {
    /// Every mode; the database's CHECKs repeat this list.
    pub const ALL: [Self; 3] = [Self::Off, Self::Warn, Self::Enforce];

    /// The word in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(())
    }
}
