//! `[[route]]`, and the path patterns that routes and grants share.

use std::ops::Range;

use toml::Spanned;

use super::{
    environment::Environment,
    error::{ConfigError, Fault},
    file::{self, Source},
    plan::RouteSettings,
};
use crate::exchange::is_token;

/// Reads the routes.
///
/// # Errors
/// Missing keys, bad patterns and methods, handlers that do not exist, two routes for the same requests.
pub(super) fn resolve(
    routes: &[Spanned<file::Route>],
    source: &Source,
    environment: &dyn Environment,
) -> Result<Vec<RouteSettings>, ConfigError> {
    let mut resolved: Vec<(RouteSettings, usize)> = Vec::with_capacity(routes.len());
    for route in routes {
        let settings = one(route, source, environment)?;
        let clash = resolved.iter().find(|(other, _)| settings.pattern == other.pattern && meet(&settings, other));
        if let Some((other, line)) = clash {
            let fault = Fault::Duplicate(format!("a route for {:?}", other.pattern), *line);
            return Err(source.fault(&route.span(), fault));
        }
        resolved.push((settings, source.line(&route.span())));
    }
    Ok(resolved.into_iter().map(|(settings, _)| settings).collect())
}

/// Checks a path pattern: absolute, no query, `*` only as the whole last segment.
///
/// # Errors
/// [`Fault::Pattern`].
pub(super) fn check_pattern(pattern: &str, span: &Range<usize>, source: &Source) -> Result<(), ConfigError> {
    let literal = pattern.strip_suffix("/*").unwrap_or(pattern);
    let reason = if !pattern.starts_with('/') {
        "it must start with `/`"
    } else if literal.contains('*') {
        "`*` can only be the whole last segment, as in `/a/*`"
    } else if pattern.contains(['?', '#']) {
        "patterns match paths, which have no `?` and no `#`"
    } else if pattern.contains(|character: char| character.is_control()) {
        "control characters never stand in a path"
    } else if pattern.split('/').any(|segment| matches!(segment, "." | "..")) {
        "the segments `.` and `..` never reach a handler"
    } else {
        return Ok(());
    };
    Err(source.fault(span, Fault::Pattern { pattern: pattern.to_owned(), reason }))
}

fn one(
    route: &Spanned<file::Route>,
    source: &Source,
    environment: &dyn Environment,
) -> Result<RouteSettings, ConfigError> {
    let span = route.span();
    let table = route.get_ref();
    let path = table.path.as_ref().ok_or_else(|| source.fault(&span, Fault::Missing { key: "path" }))?;
    check_pattern(path.get_ref(), &path.span(), source)?;
    let handler = table.handler.as_ref().ok_or_else(|| source.fault(&span, Fault::Missing { key: "handler" }))?;
    let file = source.resolve(handler.get_ref());
    if !environment.is_file(&file) {
        return Err(source.fault(&handler.span(), Fault::HandlerMissing(file)));
    }
    let methods = table.methods.as_ref().map(|list| methods(list, source)).transpose()?;
    let origin = source.place(&span).to_string();
    Ok(RouteSettings { methods, pattern: path.get_ref().clone(), handler: file, origin })
}

fn methods(list: &Spanned<Vec<Spanned<String>>>, source: &Source) -> Result<Vec<String>, ConfigError> {
    if list.get_ref().is_empty() {
        return Err(source.fault(&list.span(), Fault::Empty("methods")));
    }
    let check = |method: &Spanned<String>| {
        let text = method.get_ref();
        if is_token(text.as_bytes()) {
            Ok(text.clone())
        } else {
            Err(source.fault(&method.span(), Fault::Method(text.clone())))
        }
    };
    list.get_ref().iter().map(check).collect()
}

/// Whether some method is answered by both.
fn meet(one: &RouteSettings, other: &RouteSettings) -> bool {
    match (&one.methods, &other.methods) {
        (Some(one), Some(other)) => one.iter().any(|method| other.contains(method)),
        _ => true,
    }
}
