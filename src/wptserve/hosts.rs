//! The names that tests are served under: the main host, its alternates, and what may stand before each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    net::IpAddr,
};

/// Names and their subdomains.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Hosts {
    /// The main name (`browser_host`).
    pub browser_host: String,
    /// By key, `""` for the main host and `alt` and others for `alternate_hosts`; then by subdomain in Unicode, `""` for
    /// the host itself: the whole name in its ASCII form (RFC 5891 §4). Subdomains that do not resolve are among them.
    pub domains: BTreeMap<String, BTreeMap<String, String>>,
    /// Those of `domains`' subdomains that do not resolve.
    pub not_subdomains: Vec<String>,
}

/// Names that cannot be what they are meant for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HostsFault {
    /// A host that is no domain name or address in ASCII.
    #[error("{0:?} is no host: hosts are written in letters, digits, `-`, `_` and dots")]
    Host(String),
    /// A subdomain without an ASCII form.
    #[error("{0:?} cannot stand before a host: it has no form as a domain name")]
    Subdomain(String),
    /// Two hosts of which one is a subdomain of the other: they would not be different sites.
    #[error("the hosts {0:?} and {1:?} must be distinct: neither may end with the labels of the other")]
    NotDistinct(String, String),
    /// An alternate host without a key.
    #[error("an alternate host needs a key")]
    EmptyKey,
}

impl Hosts {
    /// The names under these hosts. `alternates` are by key; subdomains are in Unicode.
    ///
    /// # Errors
    /// See [`HostsFault`].
    pub fn new(
        browser_host: &str,
        alternates: &BTreeMap<String, String>,
        subdomains: &[String],
        not_subdomains: &[String],
    ) -> Result<Self, HostsFault> {
        if alternates.contains_key("") {
            return Err(HostsFault::EmptyKey);
        }
        if let Some(host) =
            [browser_host].into_iter().chain(alternates.values().map(String::as_str)).find(|host| !is_host(host))
        {
            return Err(HostsFault::Host(host.to_owned()));
        }
        if let Some(alternate) = alternates.values().find(|alternate| !are_distinct(browser_host, alternate)) {
            return Err(HostsFault::NotDistinct(browser_host.to_owned(), alternate.clone()));
        }
        let labels = subdomains.iter().chain(not_subdomains);
        let labels: Vec<_> =
            labels.map(|name| to_ascii(name).map(|ascii| (name, ascii))).collect::<Result<_, HostsFault>>()?;
        let under = |host: &str| -> BTreeMap<String, String> {
            let names = labels.iter().map(|(name, ascii)| ((*name).clone(), format!("{ascii}.{host}")));
            names.chain([(String::new(), host.to_owned())]).collect()
        };
        let alternate = alternates.iter().map(|(key, host)| (key.clone(), under(host)));
        let domains = alternate.chain([(String::new(), under(browser_host))]).collect();
        Ok(Self { browser_host: browser_host.to_owned(), domains, not_subdomains: not_subdomains.to_vec() })
    }

    /// The names that resolve, by host and subdomain.
    pub fn resolving(&self) -> BTreeMap<&str, BTreeMap<&str, &str>> {
        self.select(|name| !self.not_subdomains.iter().any(|not| not == name))
    }

    /// The names that do not resolve, by host and subdomain.
    pub fn not_resolving(&self) -> BTreeMap<&str, BTreeMap<&str, &str>> {
        self.select(|name| self.not_subdomains.iter().any(|not| not == name))
    }

    /// Every name that resolves, in the order of its labels from the last to the first.
    pub fn names(&self) -> Vec<&str> {
        let names: BTreeSet<_> = self.resolving().into_values().flat_map(BTreeMap::into_values).collect();
        let mut names: Vec<_> = names.into_iter().collect();
        names.sort_by(|one, other| one.rsplit('.').cmp(other.rsplit('.')));
        names
    }

    /// What a hosts file needs so that the names lead to this address, as `wpt make-hosts-file` prints it: a line for
    /// each, in an order that stays, and an empty line.
    pub fn hosts_file(&self, address: IpAddr) -> String {
        let mut text = String::new();
        for name in self.names() {
            let _ = writeln!(text, "{address}\t{name}");
        }
        if cfg!(windows) {
            // There, this address stands for none at all; elsewhere, for any.
            for name in self.not_resolving().into_values().flat_map(BTreeMap::into_values) {
                let _ = writeln!(text, "0.0.0.0\t{name}");
            }
        }
        text.push('\n');
        text
    }

    fn select(&self, keep: impl Fn(&str) -> bool) -> BTreeMap<&str, BTreeMap<&str, &str>> {
        self.domains
            .iter()
            .map(|(key, names)| {
                let kept = names.iter().filter(|(name, _)| keep(name));
                (key.as_str(), kept.map(|(name, whole)| (name.as_str(), whole.as_str())).collect())
            })
            .collect()
    }
}

/// The subdomains of the web-platform tests: five labels, alone and in ordered pairs, and those that tests of origin
/// policies use up.
pub fn test_subdomains() -> Vec<String> {
    let mut names: Vec<String> = LABELS.iter().map(ToString::to_string).collect();
    names.extend(LABELS.iter().flat_map(|first| LABELS.iter().map(move |second| format!("{first}.{second}"))));
    names.extend((1..=ORIGIN_POLICIES).map(|number| format!("op{number}")));
    names
}

/// Those that do not resolve.
pub fn test_not_subdomains() -> Vec<String> {
    vec!["nonexistent".to_owned(), "nonexistent.nonexistent".to_owned()]
}

const LABELS: [&str; 5] = ["www", "www1", "www2", "天気の良い日", "élève"];

/// How many `op…` there are. Later checkouts have none; a few names more do no harm.
const ORIGIN_POLICIES: u32 = 99;

/// Octets of the longest label (RFC 1035 §2.3.4).
const LABEL_OCTETS: usize = 63;

fn is_host(name: &str) -> bool {
    let may_stand = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    name.split('.').all(|label| !label.is_empty() && label.chars().all(may_stand))
}

/// Whether neither name ends with the labels of the other.
fn are_distinct(one: &str, other: &str) -> bool {
    one.rsplit('.').zip(other.rsplit('.')).any(|(one, other)| one != other)
}

fn to_ascii(name: &str) -> Result<String, HostsFault> {
    let fault = || HostsFault::Subdomain(name.to_owned());
    let ascii = idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::URL).map_err(|_| fault())?;
    let fits = |label: &str| (1..=LABEL_OCTETS).contains(&label.len());
    if ascii.split('.').all(fits) { Ok(ascii.into_owned()) } else { Err(fault()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_hosts() -> Hosts {
        let alternates = BTreeMap::from([("alt".to_owned(), "not-web-platform.test".to_owned())]);
        Hosts::new("web-platform.test", &alternates, &test_subdomains(), &test_not_subdomains()).unwrap()
    }

    #[test]
    fn there_are_260_names_that_resolve_and_four_that_do_not() {
        let hosts = test_hosts();
        assert_eq!(hosts.names().len(), 260);
        assert_eq!(hosts.not_resolving().values().map(BTreeMap::len).sum::<usize>(), 4);
        assert_eq!(hosts.domains.values().map(BTreeMap::len).sum::<usize>(), 264);
        for (key, subdomain, name) in [
            ("", "", "web-platform.test"),
            ("alt", "", "not-web-platform.test"),
            ("", "élève", "xn--lve-6lad.web-platform.test"),
            ("alt", "天気の良い日", "xn--n8j6ds53lwwkrqhv28a.not-web-platform.test"),
            ("", "天気の良い日.élève", "xn--n8j6ds53lwwkrqhv28a.xn--lve-6lad.web-platform.test"),
            ("", "www1.www1", "www1.www1.web-platform.test"),
            ("alt", "op99", "op99.not-web-platform.test"),
            ("", "nonexistent.nonexistent", "nonexistent.nonexistent.web-platform.test"),
        ] {
            assert_eq!(hosts.domains[key][subdomain], name);
        }
    }

    /// What `wpt make-hosts-file` of July 2021 printed, its lines sorted: it has them in an order that changes.
    #[cfg(not(windows))]
    #[test]
    fn the_hosts_file_has_the_lines_of_make_hosts_file() {
        let recorded = include_str!("hosts/make-hosts-file.txt");
        let printed = test_hosts().hosts_file([127, 0, 0, 1].into());
        let mut lines: Vec<_> = printed.lines().collect();
        assert_eq!((lines.len(), lines.pop()), (261, Some("")));
        lines.sort_unstable();
        assert_eq!(lines, recorded.lines().collect::<Vec<_>>());
        assert!(test_hosts().hosts_file(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)).starts_with("::1\t"));
    }

    #[test]
    fn hosts_are_distinct_unless_one_ends_with_the_labels_of_the_other() {
        for (one, other, distinct) in [
            ("a.test", "b.test", true),
            ("a.test", "x.a.test", false),
            ("x.a.test", "a.test", false),
            ("a.test", "a.test", false),
            ("a.test", "xa.test", true),
            ("localhost", "127.0.0.1", true),
            ("test", "a.test", false),
        ] {
            assert_eq!(are_distinct(one, other), distinct, "{one} {other}");
            let alternates = BTreeMap::from([("alt".to_owned(), other.to_owned())]);
            assert_eq!(Hosts::new(one, &alternates, &[], &[]).is_ok(), distinct, "{one} {other}");
        }
    }

    #[test]
    fn subdomains_without_a_form_as_a_name_are_faults() {
        let long = "x".repeat(64);
        for name in ["", "a..b", "a.", ".a", "a b", "xn--\u{e9}", long.as_str()] {
            let fault = Hosts::new("a.test", &BTreeMap::new(), &[name.to_owned()], &[]).expect_err(name);
            assert_eq!(fault, HostsFault::Subdomain(name.to_owned()));
        }
        for host in ["", "a/b", "a b", "..", "é.test", "a:1", "a.test."] {
            assert_eq!(Hosts::new(host, &BTreeMap::new(), &[], &[]), Err(HostsFault::Host(host.to_owned())));
        }
        let under_score = Hosts::new("a.test", &BTreeMap::new(), &["a_b".to_owned()], &[]).unwrap();
        assert_eq!(under_score.names(), ["a.test", "a_b.a.test"]);
        let alternates = BTreeMap::from([(String::new(), "b.test".to_owned())]);
        assert_eq!(Hosts::new("a.test", &alternates, &[], &[]), Err(HostsFault::EmptyKey));
    }
}
