//! Recorded decisions of the original's router.

use super::{
    answer::{folder, router},
    exchange::{escape, unescape},
};
use crate::wptserve::{
    exposure::Global,
    generated::{Kind, Worker},
    isomorphic,
    routes::{Routed, Target},
};

#[test]
fn routes_are_chosen_as_the_original_chooses_them() {
    let router = router();
    let table = include_str!("../../../tests/wptserve/recorded/routes.txt");
    let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(rows.len() > 300);
    for row in rows {
        let [method, path, ..] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let text = isomorphic::decode(&unescape(path));
        let found = match router.route(method, &text) {
            None => "NoneType\t\t\t-\t-".to_owned(),
            Some(routed) => shown(&routed),
        };
        assert_eq!(format!("{method}\t{path}\t{found}"), row);
    }
}

fn shown(routed: &Routed<'_>) -> String {
    let octets = |text: &str| escape(&isomorphic::encode(text));
    let star = routed.groups.star.map_or_else(|| "-".to_owned(), octets);
    let spec = routed.groups.named.first().map_or("-", |(_, text)| text);
    // What forbids has no mount point there.
    let url_base = if routed.target == Target::Forbidden { "" } else { &routed.mount.url_base };
    let mut class = class(routed.target).to_owned();
    class.push_str("Handler");
    format!("{class}\t{url_base}\t{}\t{star}\t{spec}", folder(routed.mount.base))
}

fn class(target: Target) -> &'static str {
    match target {
        Target::AsIs => "AsIs",
        Target::Python => "PythonScript",
        Target::File => "File",
        Target::Forbidden => "Error",
        Target::Generated(kind) => match kind {
            Kind::Window => "Window",
            Kind::Worker(Worker::Classic) => "ClassicWorker",
            Kind::Worker(Worker::Module) => "ModuleWorker",
            Kind::Test(Global::Window) => "AnyHtml",
            Kind::Test(Global::DedicatedWorker) => "Workers",
            Kind::Test(Global::DedicatedWorkerModule) => "WorkerModules",
            Kind::Test(Global::SharedWorker) => "SharedWorkers",
            Kind::Test(Global::SharedWorkerModule) => "SharedWorkerModules",
            Kind::Test(Global::ServiceWorker) => "ServiceWorkers",
            Kind::Test(Global::ServiceWorkerModule) => "ServiceWorkerModules",
            other => panic!("{other:?} was unknown then"),
        },
    }
}
