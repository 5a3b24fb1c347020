//! Recorded URLs of the original's requests.

use serde_json::{Value, json};

use super::exchange::unescape;
use crate::wptserve::{
    isomorphic,
    query::Query,
    url::{Bound, Carrier, RequestUrl, collapse},
};

#[test]
fn targets_and_hosts_become_the_originals_urls() {
    let table = include_str!("../../../tests/wptserve/recorded/urls.txt");
    let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(rows.len() > 38);
    for row in rows {
        let [target, host, recorded] = row.split('\t').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let target = isomorphic::decode(&unescape(target));
        let target = collapse(&target);
        // The white space before a field's value is no part of it.
        let host = isomorphic::decode(unescape(host).trim_ascii_start());
        let host = (host != "-").then_some(host.as_str());
        let url = RequestUrl::new(Carrier::Http, &target, host, Bound { ip: "127.0.0.1", port: 12345 });
        match (url, recorded) {
            (Err(_), "nothing") => {}
            // Not the path of the route that tells.
            (Ok(url), "HTTP/1.1 404 Not Found") => assert!(!url.path.starts_with("/_url/"), "{row}: {url:?}"),
            (url, _) => {
                let expected: Value = serde_json::from_str(&recorded.replace("PORT", "12345")).expect("JSON");
                assert_eq!(described(&url.expect(row), &target), expected, "{row}");
            }
        }
    }
}

fn described(url: &RequestUrl, target: &str) -> Value {
    let mut parameters: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in Query::parse(&url.query).iter() {
        let (name, value) = (isomorphic::decode(name), isomorphic::decode(value));
        match parameters.iter_mut().find(|(other, _)| *other == name) {
            Some((_, values)) => values.push(value),
            None => parameters.push((name, vec![value])),
        }
    }
    json!({
        "url": url.text, "scheme": url.scheme, "netloc": url.netloc, "path": url.path, "query": url.query,
        "fragment": url.fragment, "hostname": url.hostname(), "request_path": target, "GET": parameters,
        "port": url.port().map_or_else(|_| json!("ValueError!"), |port| json!(port)),
    })
}
