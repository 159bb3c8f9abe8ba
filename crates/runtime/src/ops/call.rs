//! `native.call` and `native.notify`: the only way out of a run.

use crate::host::Refusal;
use crate::ops::{bytes, text};
use crate::protocol::{CALLS_IN_FLIGHT, FromRunner, MAX_BODY, MAX_HEAD};
use crate::state::State;
use crate::worker::Answer;
use rquickjs::prelude::Opt;
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Persistent, Promise, Result, Value};
use serde_json::value::RawValue;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Calls that a run may have made and not had answered.
const MAX_CALLS: usize = 10_000;

type Kept = Persistent<Function<'static>>;

/// The calls of a run that have no answer yet.
#[derive(Default)]
pub(crate) struct Calls {
    next: Cell<u32>,
    /// How to settle each call's promise: resolve, reject.
    pending: RefCell<HashMap<u32, (Kept, Kept)>>,
    in_flight: Cell<usize>,
    /// Calls that wait until others are answered.
    queue: RefCell<VecDeque<Queued>>,
    /// Bytes of the bodies in `queue`: memory that the engine does not count.
    queued_bytes: Cell<usize>,
}

struct Queued {
    call: u32,
    request: Box<RawValue>,
    body: Vec<u8>,
}

impl Calls {
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.borrow().is_empty()
    }

    /// Forgets everything, for the next run.
    pub(crate) fn clear(&self) {
        self.next.set(0);
        self.pending.take();
        self.in_flight.set(0);
        self.queue.take();
        self.queued_bytes.set(0);
    }

    /// Settles the promise of an answered call and sends a waiting one.
    pub(crate) fn settle(&self, ctx: &Ctx<'_>, state: &State, answer: Answer) -> Result<()> {
        let Some((resolve, reject)) = self.pending.borrow_mut().remove(&answer.call) else { return Ok(()) };
        let waiting = self.queue.borrow_mut().pop_front();
        match waiting {
            Some(queued) => {
                self.queued_bytes.set(self.queued_bytes.get() - queued.body.len());
                send(state, queued);
            }
            None => self.in_flight.set(self.in_flight.get().saturating_sub(1)),
        }
        let (resolve, reject) = (resolve.restore(ctx)?, reject.restore(ctx)?);
        let value = match answer.result {
            Ok(head) => reply(ctx, head.as_deref(), &answer.body),
            Err(refusal) => match self::refusal(ctx, &refusal) {
                Ok(value) => return reject.call((value,)),
                Err(error) => Err(error),
            },
        };
        match value {
            Ok(value) => resolve.call((value,)),
            // No memory for the answer: the caller gets that as the call's error.
            Err(error) if error.is_exception() => reject.call((ctx.catch(),)),
            Err(error) => Err(error),
        }
    }

    fn add(&self, state: &State, request: Box<RawValue>, body: Vec<u8>, settle: (Kept, Kept)) -> Option<()> {
        let limit = state.assignment()?.limits.memory;
        if self.pending.borrow().len() >= MAX_CALLS
            || self.queued_bytes.get() + body.len() > limit.max(MAX_BODY)
        {
            return None;
        }
        let call = self.next.get();
        self.next.set(call.wrapping_add(1));
        self.pending.borrow_mut().insert(call, settle);
        let queued = Queued { call, request, body };
        if self.in_flight.get() < CALLS_IN_FLIGHT {
            self.in_flight.set(self.in_flight.get() + 1);
            send(state, queued);
        } else {
            self.queued_bytes.set(self.queued_bytes.get() + queued.body.len());
            self.queue.borrow_mut().push_back(queued);
        }
        Some(())
    }
}

fn send(state: &State, queued: Queued) {
    if let Some(run) = state.assignment() {
        let frame = FromRunner::Call { task: run.task, call: queued.call, request: queued.request };
        state.send(&frame, &queued.body);
    }
}

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>, state: &Rc<State>) -> Result<()> {
    let caller = Rc::clone(state);
    native.set(
        "call",
        Function::new(
            ctx.clone(),
            move |ctx: Ctx<'js>, op: String, arguments: rquickjs::String<'js>, body: Opt<Value<'js>>| {
                call(&ctx, &caller, &op, &arguments, body.0)
            },
        )?,
    )?;
    let notifier = Rc::clone(state);
    native.set(
        "notify",
        Function::new(ctx.clone(), move |ctx: Ctx<'js>, op: String, arguments: rquickjs::String<'js>| {
            notify(&ctx, &notifier, &op, &arguments)
        })?,
    )
}

fn call<'js>(
    ctx: &Ctx<'js>,
    state: &State,
    op: &str,
    arguments: &rquickjs::String<'js>,
    body: Option<Value<'js>>,
) -> Result<Promise<'js>> {
    state.in_own_time();
    let request = request(ctx, op, arguments)?;
    let body = self::body(ctx, body)?;
    let (promise, resolve, reject) = Promise::new(ctx)?;
    let settle = (Persistent::save(ctx, resolve), Persistent::save(ctx, reject));
    state
        .calls
        .add(state, request, body, settle)
        .ok_or_else(|| Exception::throw_range(ctx, "too many calls wait for their answers"))?;
    Ok(promise)
}

fn notify<'js>(ctx: &Ctx<'js>, state: &State, op: &str, arguments: &rquickjs::String<'js>) -> Result<()> {
    state.in_own_time();
    let request = request(ctx, op, arguments)?;
    if let Some(run) = state.assignment() {
        state.send(&FromRunner::Notify { task: run.task, request }, &[]);
    }
    Ok(())
}

/// `{"op": …, "args": …}`, in this order, so that the parent can read it in one pass.
fn request<'js>(ctx: &Ctx<'js>, op: &str, arguments: &rquickjs::String<'js>) -> Result<Box<RawValue>> {
    let arguments = text::lossy(ctx, arguments)?;
    let op = serde_json::Value::from(op);
    let request = format!(r#"{{"op":{op},"args":{arguments}}}"#);
    if request.len() > MAX_HEAD / 2 {
        return Err(Exception::throw_range(ctx, "the arguments of the call are too large"));
    }
    RawValue::from_string(request)
        .map_err(|_| Exception::throw_type(ctx, "the arguments of the call are not JSON"))
}

fn body<'js>(ctx: &Ctx<'js>, body: Option<Value<'js>>) -> Result<Vec<u8>> {
    let Some(body) = body.filter(|body| !body.is_undefined() && !body.is_null()) else {
        return Ok(Vec::new());
    };
    let body = if let Some(string) = body.as_string() {
        text::lossy(ctx, string)?.into_bytes()
    } else {
        let buffer = ArrayBuffer::from_value(body)
            .ok_or_else(|| Exception::throw_type(ctx, "the body is neither a string nor an ArrayBuffer"))?;
        bytes::copy(ctx, &buffer)?
    };
    if body.len() > MAX_BODY {
        return Err(Exception::throw_range(ctx, "the body of the call is too large"));
    }
    Ok(body)
}

/// `{head, body}`.
fn reply<'js>(ctx: &Ctx<'js>, head: Option<&RawValue>, body: &[u8]) -> Result<Object<'js>> {
    let reply = Object::new(ctx.clone())?;
    if let Some(head) = head {
        reply.set("head", ctx.json_parse(head.get())?)?;
    }
    if !body.is_empty() {
        reply.set("body", bytes::buffer(ctx, body)?)?;
    }
    Ok(reply)
}

/// `{code, message, payload}`.
fn refusal<'js>(ctx: &Ctx<'js>, refusal: &Refusal) -> Result<Object<'js>> {
    let object = Object::new(ctx.clone())?;
    object.set("code", refusal.code.as_str())?;
    object.set("message", refusal.message.as_str())?;
    if let Some(payload) = &refusal.payload {
        object.set("payload", ctx.json_parse(payload.get())?)?;
    }
    Ok(object)
}
