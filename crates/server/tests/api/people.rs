//! People who are signed in, as tests need them.

use bespoke_core::role::Role;
use bespoke_engine::{sessions::Visitor, users::Person};
use bespoke_testkit::app::{Answer, Call, TestApp};
use serde_json::{Value, json};

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A browser at the dashboard of one environment.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) origin: String,
    pub(crate) environment: String,
}

impl Browser {
    /// The browser that was given this answer to a sign-in, in `dev`.
    #[track_caller]
    pub(crate) fn of(app: &TestApp, answer: &Answer) -> Self {
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        assert!(cookie.starts_with("bespoke_session="), "{}", answer.text());
        Self { cookie, origin: app.url(), environment: "dev".to_owned() }
    }

    /// The same browser in another environment.
    pub(crate) fn at(&self, environment: &str) -> Self {
        Self { environment: environment.to_owned(), ..self.clone() }
    }

    /// A request of our own page.
    pub(crate) fn call(&self, app: &TestApp, method: &str, path: &str) -> Call {
        let call = app.anonymous().call(method, path).header("cookie", &self.cookie);
        call.header("origin", &self.origin).header("bespoke-environment", &self.environment)
    }

    /// The same with a body.
    pub(crate) fn send(&self, app: &TestApp, method: &str, path: &str, body: Value) -> Call {
        self.call(app, method, path).json(&body)
    }
}

/// The first administrator.
pub(crate) async fn admin(app: &TestApp) -> Browser {
    let link = app.engine.setup_link().await.unwrap().unwrap();
    let token = link.rsplit('=').next().unwrap();
    let body = json!({"token": token, "email": "Ada@example.com", "name": "Ada", "password": PASSWORD});
    let answer = app.anonymous().post("/session/setup", body).await;
    answer.expect(201);
    Browser::of(app, &answer)
}

/// Somebody with this role in these environments only.
pub(crate) async fn member(app: &TestApp, email: &str, role: Role, environments: &[&str]) -> Browser {
    let environments: Vec<String> = environments.iter().map(|&name| name.to_owned()).collect();
    let link = app.engine.admit(email, role, &environments).await.unwrap().unwrap();
    let person = Person { name: email.to_owned(), password: PASSWORD.into() };
    let token = link.rsplit('=').next().unwrap();
    let new = app.engine.accept_offer(token, person, Visitor::default()).await.unwrap();
    let cookie = format!("bespoke_session={}", new.token.expose());
    Browser { cookie, origin: app.url(), environment: environments[0].clone() }
}
