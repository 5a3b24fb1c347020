//! Pages.

use super::{
    document::{Load, block},
    realm,
};
use crate::wptserve::{edition::Edition, exposure::Global, meta::Entry};

/// The page of a script that runs in windows alone.
pub(super) fn window(load: &Load<'_>, metadata: &[Entry]) -> String {
    in_window(metadata, "", "", &classic(load))
}

/// The page of a script that installs a web extension.
pub(super) fn extension(load: &Load<'_>, metadata: &[Entry]) -> String {
    in_window(metadata, "", EXTENSION_SCRIPTS, &classic(load))
}

/// The page that runs a test in this global.
pub(super) fn test(global: Global, edition: Edition, load: &Load<'_>, metadata: &[Entry]) -> String {
    let Load { path, query } = load;
    match global {
        Global::Window => {
            let globals = format!("<script>\n{}</script>\n", globals("true", "false", edition));
            in_window(metadata, &globals, "", &classic(load))
        }
        Global::WindowModule => in_window(metadata, "", "", &format!("<script type=module src=\"{path}\"></script>")),
        Global::DedicatedWorker => in_worker(metadata, &format!("new Worker(\"{path}{query}\")")),
        Global::DedicatedWorkerModule => in_worker(metadata, &format!("new Worker(\"{path}{query}\"{MODULE})")),
        Global::SharedWorker => in_worker(metadata, &format!("new SharedWorker(\"{path}{query}\")")),
        Global::SharedWorkerModule => in_worker(metadata, &format!("new SharedWorker(\"{path}{query}\"{MODULE})")),
        Global::ServiceWorker => in_service_worker(metadata, &format!("\"{path}{query}\", {{scope}}")),
        Global::ServiceWorkerModule => {
            let arguments = format!("\n    \"{path}{query}\",\n    {{ scope, type: 'module' }},\n  ");
            in_service_worker(metadata, &arguments)
        }
        Global::ShadowRealm(host) => realm::page(host, load, metadata),
    }
}

/// The element that loads a test as a classic script: without the query, which the test finds in its page's URL.
fn classic(load: &Load<'_>) -> String {
    format!("<script src=\"{}\"></script>", load.path)
}

const MODULE: &str = ", { type: \"module\" }";

const EXTENSION_SCRIPTS: &str = "<script src=\"/resources/testdriver.js?feature=extensions\"></script>\n\
    <script src=\"/resources/testdriver-vendor.js\"></script>\n\
    <script src=\"/resources/web-extensions-helper.js\"></script>\n";

/// The statement by which tests learn where they run.
pub(super) fn globals(is_window: &str, is_worker: &str, edition: Edition) -> String {
    let realm = match edition {
        Edition::July2021 => "",
        Edition::Today => "  isShadowRealm: function() { return false; },\n",
    };
    format!(
        "self.GLOBAL = {{\n  isWindow: function() {{ return {is_window}; }},\n  \
         isWorker: function() {{ return {is_worker}; }},\n{realm}}};\n"
    )
}

/// A page that loads the test itself, in its last line.
fn in_window(metadata: &[Entry], before: &str, after: &str, last: &str) -> String {
    let scripts = block(metadata, script);
    format!("{}{before}{HARNESS}{after}{scripts}\n<div id=log></div>\n{last}\n", head(metadata))
}

pub(super) fn in_worker(metadata: &[Entry], worker: &str) -> String {
    with_statements(metadata, "", &format!("fetch_tests_from_worker({worker});\n"))
}

pub(super) fn in_service_worker(metadata: &[Entry], arguments: &str) -> String {
    let statements = format!(
        "(async function() {{\n  {REGISTRATION}  reg = await navigator.serviceWorker.register({arguments});\n  \
         fetch_tests_from_worker(reg.installing);\n}})();\n"
    );
    with_statements(metadata, "", &statements)
}

/// A scope that nothing is in, and no registration left of a run before.
const REGISTRATION: &str = "const scope = 'does/not/exist';\n  \
    let reg = await navigator.serviceWorker.getRegistration(scope);\n  if (reg) await reg.unregister();\n";

/// A page whose last element is a script of these statements.
pub(super) fn with_statements(metadata: &[Entry], after: &str, statements: &str) -> String {
    format!("{}{HARNESS}{after}<div id=log></div>\n<script>\n{statements}</script>\n", head(metadata))
}

pub(super) const HARNESS: &str = "<script src=\"/resources/testharness.js\"></script>\n\
    <script src=\"/resources/testharnessreport.js\"></script>\n";

fn head(metadata: &[Entry]) -> String {
    let lines = block(metadata, |Entry { key, value }| match key.as_str() {
        "timeout" if value == "long" => Some("<meta name=\"timeout\" content=\"long\">".to_owned()),
        "title" => Some(format!("<title>{}</title>", value.replace('&', "&amp;").replace('<', "&lt;"))),
        _ => None,
    });
    format!("{START}{lines}\n")
}

/// What every page begins with.
pub(super) const START: &str = "<!doctype html>\n<meta charset=utf-8>\n";

fn script(Entry { key, value }: &Entry) -> Option<String> {
    let attribute = (key == "script").then(|| value.replace('&', "&amp;").replace('"', "&quot;"))?;
    Some(format!("<script src=\"{attribute}\"></script>"))
}
