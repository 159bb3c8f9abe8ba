//! What is wrong with a project, said so that an editor can jump there.

use std::fmt;

/// A problem in the user's project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// File from the project's root, with `/` between folders.
    pub file: String,
    /// Line from 1; 0 when the problem is about the whole file.
    pub line: u32,
    /// Column from 1, in UTF-16 units as editors count; 0 when the problem is about the whole file or line.
    pub column: u32,
    /// Stable word for the kind of problem, e.g. `PARSE_ERROR`, `UNRESOLVED_IMPORT`, `INVALID_FREQUENCY`.
    pub kind: String,
    /// What is wrong and, where it is known, what to do. May have several lines.
    pub message: String,
}

impl Diagnostic {
    /// A problem with a whole file.
    pub(crate) fn of_file(file: impl Into<String>, kind: &str, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0, kind: kind.to_owned(), message: message.into() }
    }

    /// The same problem at a place in its file.
    pub(crate) fn at(self, line: u32, column: u32) -> Self {
        Self { line, column, ..self }
    }
}

/// `hubspot/syncs/contacts.ts:3:14: message`
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {}", self.message)
    }
}
