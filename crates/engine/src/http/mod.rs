//! The one outbound HTTP client.
//!
//! Nothing else in the product opens a connection to the outside, so what must always hold is enforced here: private addresses
//! cannot be reached unless the operator allows it ([`policy`]), redirects are followed by us so that every hop is checked and loses
//! credentials at the border of an origin ([`redirect`]), and logs show no secrets ([`redact`]). Bodies stream both ways.

mod body;
mod client;
mod error;
pub mod policy;
pub mod redact;
mod redirect;
mod resolver;

pub use body::{Body, BodyStream};
pub use client::{Client, Request, Response};
pub use error::{Error, Failure};
pub use policy::OutboundPolicy;
pub use reqwest::{
    Method, StatusCode,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
