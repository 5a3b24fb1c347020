//! The routes of the configuration. Sans I/O.

use std::{collections::HashMap, sync::Arc};

use super::{Pattern, Settings};
use crate::sandbox::{Program, Target};

/// Routes by path: one look-up finds those for a single path, whatever their number.
pub(super) struct Table {
    routes: Vec<Route>,
    /// The routes for a single path, by that path, in the order of the configuration.
    exact: HashMap<Box<[u8]>, Vec<usize>>,
    /// The others, in the order of the configuration.
    prefixes: Vec<usize>,
}

struct Route {
    methods: Option<Vec<String>>,
    pattern: Pattern,
    target: Arc<Target>,
}

impl Table {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut table = Self { routes: Vec::new(), exact: HashMap::new(), prefixes: Vec::new() };
        let root = Arc::from(&*settings.root);
        for (index, route) in settings.routes.iter().enumerate() {
            match route.pattern.exact() {
                Some(path) => table.exact.entry(path.into()).or_default().push(index),
                None => table.prefixes.push(index),
            }
            let name = route.pattern.to_text();
            table.routes.push(Route {
                methods: route.methods.clone(),
                pattern: route.pattern.clone(),
                target: Arc::new(Target {
                    program: Program::Component(Arc::from(&*route.handler)),
                    grants: settings.grants_at(name.as_bytes()),
                    name: name.into(),
                    root: Arc::clone(&root),
                }),
            });
        }
        table
    }

    /// The first route for this method and percent-decoded path.
    pub(super) fn find(&self, method: &[u8], path: &[u8]) -> Option<&Arc<Target>> {
        let exact = self.exact.get(path).map(Vec::as_slice).unwrap_or_default();
        let exact = exact.iter().copied().find(|&index| self.routes[index].answers(method));
        let prefix = self.prefixes.iter().copied().find(|&index| {
            let route = &self.routes[index];
            route.pattern.matches(path) && route.answers(method)
        });
        let first = exact.into_iter().chain(prefix).min()?;
        Some(&self.routes[first].target)
    }

    /// The targets of all routes, in the order of the configuration.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Arc<Target>> {
        self.routes.iter().map(|route| &route.target)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

impl Route {
    fn answers(&self, method: &[u8]) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.iter().any(|own| own.as_bytes() == method))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        router::{GrantRule, RouteSettings},
        sandbox::Grants,
    };

    fn table(routes: &[(&str, &[&str], &str)], grants: &[(&str, Grants)]) -> Table {
        let methods = |methods: &[&str]| methods.iter().map(|&method| method.to_owned()).collect::<Vec<_>>();
        let route = |&(pattern, list, handler): &(&str, &[&str], &str)| RouteSettings {
            methods: (!list.is_empty()).then(|| methods(list)),
            pattern: Pattern::new(pattern),
            handler: handler.into(),
        };
        let grant = |&(pattern, grants): &(&str, Grants)| GrantRule { pattern: Pattern::new(pattern), grants };
        Table::new(&Settings {
            root: "/root".into(),
            routes: routes.iter().map(route).collect(),
            grants: grants.iter().map(grant).collect(),
            python: false,
            shared: Vec::new(),
        })
    }

    #[test]
    fn the_first_route_that_fits_answers() {
        let table = table(
            &[
                ("/a", &["POST"], "post"),
                ("/a/special", &[], "special"),
                ("/a/*", &["GET", "HEAD"], "below"),
                ("/a/late", &[], "late"),
                ("/a", &[], "any"),
                ("/*", &["PUT"], "put"),
            ],
            &[],
        );
        for (method, path, expected) in [
            ("POST", "/a", Some("post")),
            ("GET", "/a", Some("any")),
            ("PUT", "/a", Some("any")),
            ("post", "/a", Some("any")),
            ("GET", "/a/special", Some("special")),
            ("GET", "/a/late", Some("below")),
            ("POST", "/a/late", Some("late")),
            ("GET", "/a/x/y", Some("below")),
            ("POST", "/a/x/y", None),
            ("PUT", "/z", Some("put")),
            ("GET", "/z", None),
        ] {
            let found = table.find(method.as_bytes(), path.as_bytes()).map(|target| match &target.program {
                Program::Component(file) => file.to_str().expect("text"),
                Program::Script(_) => panic!("routes run components"),
            });
            assert_eq!(found, expected, "{method} {path}");
        }
    }

    #[test]
    fn the_first_grant_for_the_pattern_counts() {
        let table = table(
            &[("/a/b", &[], "1"), ("/a/*", &[], "2"), ("/c", &[], "3")],
            &[("/a/b", Grants::RAW), ("/a/*", Grants::STASH)],
        );
        let grants: Vec<_> = table.targets().map(|target| target.grants).collect();
        assert_eq!(grants, [Grants::RAW, Grants::STASH, Grants::NONE]);
    }
}
