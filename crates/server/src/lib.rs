//! The HTTP API: routes, wire shapes, error table.
