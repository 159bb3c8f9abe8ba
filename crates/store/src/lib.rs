//! Rows in and out of SQLite and PostgreSQL; the only SQL.
