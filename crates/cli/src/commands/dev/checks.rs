//! Checks the types after deployments: TypeScript takes seconds, and no deployment waits for it.

use crate::{
    failure::Failure,
    output::{self, NEW, QUIET, styled},
    project::typescript::{self, Checked},
};
use bespoke_bundler::Diagnostic;
use serde_json::json;
use std::{
    path::PathBuf,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

/// What was deployed has its types checked beside, by a thread of its own.
pub(super) struct TypeChecks(Sender<()>);

impl TypeChecks {
    /// Checks the project at `root` whenever it is asked for; tells it as JSON with `as_json`.
    pub(super) fn start(root: PathBuf, as_json: bool) -> Self {
        let (sender, asked) = channel();
        thread::spawn(move || Checker { root, as_json, last: None }.work(&asked));
        Self(sender)
    }

    /// Asks for a check of the files as they are now.
    pub(super) fn ask(&self) {
        // Where there is nothing to check with, nobody listens.
        let _ = self.0.send(());
    }
}

struct Checker {
    root: PathBuf,
    as_json: bool,
    /// What was found last.
    last: Option<Vec<Diagnostic>>,
}

impl Checker {
    fn work(&mut self, asked: &Receiver<()>) {
        while asked.recv().is_ok() {
            let checked = loop {
                // Whatever was saved meanwhile makes the answer an old one.
                while asked.try_recv().is_ok() {}
                let checked = typescript::check(&self.root);
                if asked.try_recv().is_err() {
                    break checked;
                }
            };
            match checked {
                Checked::Done(found) => self.tell(found),
                Checked::Skipped(reason) => {
                    self.say(&json!({ "types": { "checked": false, "reason": reason } }), || {
                        styled(QUIET, format!("types are not checked: {reason}"))
                    });
                    return;
                }
            }
        }
    }

    fn tell(&mut self, found: Vec<Diagnostic>) {
        let is_news = self.last.as_ref() != Some(&found);
        self.last = Some(found.clone());
        if found.is_empty() {
            if is_news {
                self.say(&json!({ "types": { "checked": true } }), || styled(NEW, "types fit"));
            }
            return;
        }
        let consequence = "the functions are deployed and run, but their types do not fit";
        output::failure(
            &Failure::Project { root: self.root.clone(), diagnostics: found, consequence },
            self.as_json,
        );
    }

    fn say(&self, json: &serde_json::Value, text: impl FnOnce() -> String) {
        if self.as_json {
            output::json_line(json);
        } else {
            output::line(text());
        }
    }
}
