//! TypeScript project in, one set of JavaScript modules per function out; the only bundler.
