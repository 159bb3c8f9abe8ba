//! Paths as clients write them: any case in the fixed words, a slash at the end or not (http-api.md §1).
//!
//! Names that customers chose keep their case, so only the fixed words of the route that matches are rewritten. Runs
//! before routing, over the list of routes that the OpenAPI document has.

use axum::{extract::Request, http::Uri};
use std::sync::Arc;

/// The routes whose fixed words are known.
#[derive(Clone, Debug)]
pub struct Routes(Arc<Vec<Vec<Segment>>>);

#[derive(Clone, Debug)]
enum Segment {
    Word(String),
    Name,
}

/// Everything below this is the provider's path and stays as it is.
const PROXY: &str = "/proxy/";

impl Routes {
    /// The routes with these path patterns, e.g. `/connections/{connection_id}`.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut routes: Vec<Vec<Segment>> =
            patterns
                .into_iter()
                .map(|pattern| {
                    let segments = pattern.trim_matches('/').split('/');
                    segments
                        .map(|text| {
                            if text.starts_with('{') { Segment::Name } else { Segment::Word(text.to_owned()) }
                        })
                        .collect()
                })
                .collect();
        // A fixed word wins over a name: `/connections/metadata` before `/connections/{connection_id}`.
        routes.sort_by_key(|segments| {
            segments.iter().filter(|segment| matches!(segment, Segment::Name)).count()
        });
        Self(Arc::new(routes))
    }

    /// The path with the fixed words in lower case and no slash at the end; `None` where it is so already.
    pub fn normalize(&self, path: &str) -> Option<String> {
        if path.get(..PROXY.len()).is_some_and(|start| start.eq_ignore_ascii_case(PROXY)) {
            return (!path.starts_with(PROXY)).then(|| format!("{PROXY}{}", &path[PROXY.len()..]));
        }
        let trimmed = path.trim_end_matches('/');
        let parts: Vec<&str> = trimmed.trim_start_matches('/').split('/').collect();
        let route = self.0.iter().find(|route| {
            route.len() == parts.len()
                && route.iter().zip(&parts).all(|(segment, part)| match segment {
                    Segment::Word(word) => word.eq_ignore_ascii_case(part),
                    Segment::Name => !part.is_empty(),
                })
        })?;
        let normal: String = route
            .iter()
            .zip(&parts)
            .flat_map(|(segment, part)| {
                [
                    "/",
                    match segment {
                        Segment::Word(word) => word.as_str(),
                        Segment::Name => part,
                    },
                ]
            })
            .collect();
        (normal != path).then_some(normal)
    }

    /// Rewrites the path of `request`.
    pub fn apply<B>(&self, mut request: Request<B>) -> Request<B> {
        if let Some(path) = self.normalize(request.uri().path()) {
            let mut parts = request.uri().clone().into_parts();
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            parts.path_and_query = format!("{path}{query}").parse().ok().or(parts.path_and_query);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::Routes;

    #[test]
    fn fixed_words_are_lowered_and_names_are_kept() {
        let routes = Routes::new([
            "/connections",
            "/connections/{connection_id}",
            "/connections/metadata",
            "/connection/{connection_id}/metadata",
            "/records",
        ]);
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(routes.normalize(path).as_deref(), expected, "{path}");
        };
        check("/connections", None);
        check("/records/", Some("/records"));
        check("/Connections/Customer-A", Some("/connections/Customer-A"));
        check("/connections/Metadata", Some("/connections/metadata"));
        check("/CONNECTION/ABC/METADATA/", Some("/connection/ABC/metadata"));
        check("/Proxy/Crm/V3/", Some("/proxy/Crm/V3/"));
        check("/proxy/Crm/V3/", None);
        check("/nowhere/", None);
    }
}
