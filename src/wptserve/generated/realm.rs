//! Pages and scripts that run a test in a ShadowRealm. Today's checkouts alone have such tests, and the helpers that
//! these documents load: `/resources/testharness-shadowrealm-{outer,inner,audioworkletprocessor}.js`.
//!
//! Not the original's octets, but the same steps in the same order, so that tests see the same globals and have the same
//! results: set the realm up, give it `location.search` and a way to fetch, load the scripts and the test, and only then
//! hand over the results. Faults on the way are the harness's, so that no test waits for its timeout.

use super::{
    Worker,
    document::Load,
    page::{in_service_worker, in_worker, with_statements},
    script::{imports, in_string},
};
use crate::wptserve::{exposure::RealmHost, meta::Entry};

/// The page of a test in a ShadowRealm that is made here.
pub(super) fn page(host: RealmHost, load: &Load<'_>, metadata: &[Entry]) -> String {
    let Load { path, query } = load;
    let url = format!("\"{path}{query}\"");
    let statements = match host {
        RealmHost::DedicatedWorker => return in_worker(metadata, &format!("new Worker({url})")),
        RealmHost::SharedWorker => return in_worker(metadata, &format!("new SharedWorker({url})")),
        RealmHost::ServiceWorker => return in_service_worker(metadata, &format!("{url}, {{scope}}")),
        // A page has its title in an element: the realm is told none.
        RealmHost::Window => in_window(&test_code("import", load, &without_title(metadata))),
        RealmHost::ShadowRealm => in_realm(&test_code("import", load, &without_title(metadata))),
        RealmHost::AudioWorklet => reporting(&format!(
            "  const context = new AudioContext();\n\
             \x20 await context.audioWorklet.addModule(\"/resources/testharness-shadowrealm-outer.js\");\n\
             \x20 await context.audioWorklet.addModule(\n\
             \x20   \"/resources/testharness-shadowrealm-audioworkletprocessor.js\");\n\
             \x20 await context.audioWorklet.addModule({url});\n\
             \x20 const node = new AudioWorkletNode(context, \"test-runner\");\n\
             \x20 setupFakeFetchOverMessagePort(node.port);\n\
             \x20 await fetch_tests_from_worker(node.port);\n"
        )),
    };
    let helper = "<script src=\"/resources/testharness-shadowrealm-outer.js\"></script>\n";
    with_statements(metadata, helper, &statements)
}

/// The script of a worker, or worklet, that makes the ShadowRealm.
pub(super) fn script(worker: Worker, load: &Load<'_>, metadata: &[Entry]) -> String {
    match worker {
        Worker::RealmInAudioWorklet => script_of_worklet(&test_code("fakeDynamicImport", load, metadata)),
        Worker::RealmInServiceWorker => script_of_worker(
            "  setupFakeDynamicImportInShadowRealm(realm, fetchAdaptor);\n",
            "fakeDynamicImport",
            &test_code("fakeDynamicImport", load, metadata),
        ),
        Worker::Classic | Worker::Module | Worker::Realm => {
            script_of_worker("", "import", &test_code("import", load, metadata))
        }
    }
}

/// What is evaluated in the realm to load the test, as it stands in a template literal.
fn test_code(import: &str, load: &Load<'_>, metadata: &[Entry]) -> String {
    let import = |url: &str| format!("await {import}(\"{url}\");");
    let scripts = imports(metadata, import);
    in_template(&format!("{scripts}\n{}", import(&in_string(load.path))))
}

fn without_title(metadata: &[Entry]) -> Vec<Entry> {
    metadata.iter().filter(|entry| entry.key != "title").cloned().collect()
}

/// What is evaluated in the realm first.
fn setup_code(import: &str) -> String {
    format!(
        "await {import}(\"/resources/testharness-shadowrealm-inner.js\");\n\
         await {import}(\"/resources/testharness.js\");"
    )
}

fn in_window(test: &str) -> String {
    let setup = setup_code("import");
    reporting(&format!(
        "  const realm = new ShadowRealm();\n\
         \x20 await shadowRealmEvalAsync(realm, `\n{setup}\n`);\n\
         \x20 realm.evaluate(\"setShadowRealmGlobalProperties\")(location.search, fetchAdaptor);\n\
         \x20 await shadowRealmEvalAsync(realm, `\n{test}\n`);\n\
         \x20 await fetch_tests_from_shadow_realm(realm);\n"
    ))
}

/// Strings and functions pass from one realm to the next; so the inner one's code needs no quoting within quotes.
fn in_realm(test: &str) -> String {
    let setup = setup_code("import");
    reporting(&format!(
        "  const outer = new ShadowRealm();\n\
         \x20 await shadowRealmEvalAsync(outer, `\n\
         await import(\"/resources/testharness-shadowrealm-outer.js\");\n`);\n\
         \x20 const evaluateInner = outer.evaluate(`\n\
         globalThis.inner = new ShadowRealm();\n\
         globalThis.begin_shadow_realm_tests = (report) => {{ inner.evaluate(\"begin_shadow_realm_tests\")(report); }};\n\
         (code) => (resolve, reject) => {{\n\
         \x20 shadowRealmEvalAsync(inner, code).then(() => resolve(), (fault) => reject(String(fault)));\n\
         }};\n`);\n\
         \x20 await new Promise(evaluateInner(`\n{setup}\n`));\n\
         \x20 outer.evaluate(`\n\
         (search, adaptor) => {{ inner.evaluate(\"setShadowRealmGlobalProperties\")(search, adaptor); }};\n\
         `)(location.search, fetchAdaptor);\n\
         \x20 await new Promise(evaluateInner(`\n{test}\n`));\n\
         \x20 await fetch_tests_from_shadow_realm(outer);\n"
    ))
}

fn script_of_worker(prepare: &str, import: &str, test: &str) -> String {
    let setup = setup_code(import);
    format!(
        "importScripts(\"/resources/testharness-shadowrealm-outer.js\");\n\
         (async function() {{\n\
         \x20 const post = await getPostMessageFunc();\n\
         \x20 try {{\n\
         \x20 const realm = new ShadowRealm();\n\
         {prepare}\
         \x20 await shadowRealmEvalAsync(realm, `\n{setup}\n`);\n\
         \x20 realm.evaluate(\"setShadowRealmGlobalProperties\")(location.search, fetchAdaptor);\n\
         \x20 await shadowRealmEvalAsync(realm, `\n{test}\n`);\n\
         \x20 realm.evaluate(\"begin_shadow_realm_tests\")((message) => {{ post(JSON.parse(message)); }});\n\
         \x20 }} catch (fault) {{\n\
         \x20   post(createSetupErrorResult(String(fault)));\n\
         \x20 }}\n\
         }})();\n"
    )
}

/// The processor that calls this method belongs to the helper; it waits for nothing, so faults are posted.
fn script_of_worklet(test: &str) -> String {
    let setup = setup_code("fakeDynamicImport");
    format!(
        "TestRunner.prototype.createShadowRealmAndStartTests = async function() {{\n\
         \x20 try {{\n\
         \x20 const mark = import.meta.url.indexOf(\"?\");\n\
         \x20 const search = mark < 0 ? \"\" : import.meta.url.slice(mark);\n\
         \x20 const adaptor = (resource) => this.fetchOverPortExecutor(resource);\n\
         \x20 const realm = new ShadowRealm();\n\
         \x20 setupFakeDynamicImportInShadowRealm(realm, adaptor);\n\
         \x20 await shadowRealmEvalAsync(realm, `\n{setup}\n`);\n\
         \x20 realm.evaluate(\"setShadowRealmGlobalProperties\")(search, adaptor);\n\
         \x20 await shadowRealmEvalAsync(realm, `\n{test}\n`);\n\
         \x20 realm.evaluate(\"begin_shadow_realm_tests\")((message) => {{ this.port.postMessage(JSON.parse(message)); }});\n\
         \x20 }} catch (fault) {{\n\
         \x20   this.port.postMessage(createSetupErrorResult(String(fault)));\n\
         \x20 }}\n\
         }};\n"
    )
}

/// Statements of a page that take their time; what goes wrong is the harness's fault, and the test file done.
fn reporting(statements: &str) -> String {
    format!("(async function() {{\n{statements}  done();\n}})().catch((fault) => setup(() => {{ throw fault; }}));\n")
}

/// Text as it stands in a template literal.
fn in_template(text: &str) -> String {
    text.replace('\\', "\\\\").replace('`', "\\`").replace('$', "\\$")
}
