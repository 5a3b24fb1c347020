//! What tenants have where the file says little.

use std::time::Duration;

use super::Terms;
use crate::{
    cli::{self, Command},
    config::{
        call_plan, check_plan,
        tests::{World, of_file, serve},
    },
};

#[test]
fn what_knows_no_tenants_says_so() {
    let world = World::with("[tenants]\nroot = \"web\"\n");
    let error = serve("site --config etc/f.toml", &world).expect_err("a root and tenants").to_string();
    assert!(error.contains("`ROOT` does not go together with tenants"), "{error}");
    for line in ["check --config etc/f.toml", "call / --config etc/f.toml"] {
        let cli = cli::parse(["framewright"].into_iter().chain(line.split(' '))).unwrap();
        let plan = match &cli.command {
            Command::Check(arguments) => check_plan(arguments, &cli.log, &world),
            Command::Call(arguments) => call_plan(arguments, &cli.log, &world),
            _ => panic!("{line}"),
        };
        let error = plan.expect_err(line).to_string();
        assert!(error.contains("does not go together with tenants"), "{line}: {error}");
    }
}

#[test]
fn tenants_have_nothing_granted_and_inherit_what_is_said_of_all() {
    let plan = of_file(
        "[tenants]\nroot = \"web\"\ncerts = \"certs\"\nadmin = \"127.0.0.1:9901\"\ncompile_cpu_s = 3\n\
         [tenants.limits]\ncpu_ms = 5\nexchanges = 6\n[tenants.grant.\"/a/*\"]\nstash = true\n\
         [[tenant]]\nnames = [\"A.example\"]\nroot = \"web\"\npython = true\n\
         [tenant.limits]\nexchanges = 7\nstash_keys = 8\n[tenant.grant.\"/a/b\"]\nraw = true\n",
    );
    let tenants = plan.tenants.expect("tenants");
    assert_eq!(tenants.certs, Some("etc/certs".into()));
    assert_eq!(tenants.admin, Some("127.0.0.1:9901".parse().unwrap()));
    assert_eq!(tenants.settings.folder, Some("etc/web".into()));
    let compiler = plan.sandbox.compiler.expect("a compiler");
    assert_eq!((compiler.program, compiler.cpu), ("/bin/framewright".into(), Duration::from_secs(3)));
    let (all, one) = (&tenants.settings.terms, &tenants.settings.listed[0].terms);
    assert_eq!((all.limits.cpu, one.limits.cpu), (Duration::from_millis(5), Duration::from_millis(5)));
    assert_eq!((all.quota.exchanges, one.quota.exchanges), (6, 7));
    assert_eq!((all.stash.keys, one.stash.keys), (1000, 8));
    assert_eq!((all.python, one.python), (false, true));
    let at = |terms: &Terms, path: &str| {
        let rule = terms.grants.iter().find(|rule| rule.pattern.matches(path.as_bytes())).expect("one for every path");
        rule.grants.names().collect::<Vec<_>>().join(" ")
    };
    for (path, of_all, of_one) in
        [("/", "", ""), ("/a/x", "stash", "stash"), ("/a/b", "stash", "raw stash"), ("/b", "", "")]
    {
        assert_eq!((at(all, path), at(one, path)), (of_all.to_owned(), of_one.to_owned()), "{path}");
    }
}
