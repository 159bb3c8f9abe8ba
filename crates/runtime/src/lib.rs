//! Runs functions in runner processes; the only JavaScript engine.
