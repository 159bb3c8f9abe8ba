//! Use cases; the only outbound HTTP.
