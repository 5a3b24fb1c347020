//! What expressions see in tests.

use std::collections::BTreeMap;

use crate::substitution::{Facts, Value};

/// A request and a site that are the same in all tests.
pub(crate) struct Example {
    config: BTreeMap<String, Value>,
}

impl Example {
    pub(crate) fn new() -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        let map = |members: &[(&str, Value)]| {
            Value::Map(members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
        };
        let domains = map(&[
            ("", text("web-platform.test")),
            ("www", text("www.web-platform.test")),
            ("élève", text("xn--lve-6lad.web-platform.test")),
        ]);
        let config = [
            ("host", text("web-platform.test")),
            ("browser_host", text("web-platform.test")),
            ("domains", domains.clone()),
            ("hosts", map(&[("", domains), ("alt", map(&[("", text("not-web-platform.test"))]))])),
            ("ports", map(&[("http", Value::List(vec![Value::Number(8000), Value::Number(8001)]))])),
            ("none", Value::Nothing),
            // Functions come before keys of the configuration, and those before the request's location.
            ("uuid", text("from the configuration")),
        ];
        Self { config: config.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
    }
}

/// `GET /d/x.html?a=1&…` with some fields.
impl Facts for Example {
    fn field(&self, name: &str) -> Option<Vec<u8>> {
        match name.to_ascii_lowercase().as_str() {
            "x-test" => Some(b"PASS".to_vec()),
            "x-html" => Some(b"<&>\"'".to_vec()),
            "x-latin" => Some(b"\xff".to_vec()),
            _ => None,
        }
    }

    fn query(&self, name: &str) -> Option<Vec<u8>> {
        match name {
            "a" => Some(b"1".to_vec()),
            "latin" => Some(b"\xe9".to_vec()),
            "utf" => Some("é".into()),
            "less" => Some(b"<".to_vec()),
            "1" => Some(b"by name".to_vec()),
            "é" => Some(b"lat".to_vec()),
            _ => None,
        }
    }

    fn config(&self, name: &str) -> Option<&Value> {
        self.config.get(name)
    }

    fn location(&self, part: &str) -> Option<String> {
        let value = match part {
            "server" => "http://web-platform.test:8000",
            "scheme" => "http",
            "host" => "web-platform.test:8000",
            "hostname" => "web-platform.test",
            "port" => "8000",
            "path" | "pathname" => "/d/x.html",
            "query" => "?a=1&b=2",
            _ => return None,
        };
        Some(value.to_owned())
    }

    fn url_base(&self) -> &str {
        "/"
    }

    fn uuid(&self) -> String {
        "ba701366-abde-4d41-80de-2de7436669f5".to_owned()
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        if path == "dom/a.txt" { Ok(b"abc".to_vec()) } else { Err("there is no such file".to_owned()) }
    }

    fn fs_path(&self, path: &str) -> Result<String, String> {
        match path {
            ".." => Err("it is outside the document root".to_owned()),
            _ => Ok(format!("/root/d/{path}")),
        }
    }
}
