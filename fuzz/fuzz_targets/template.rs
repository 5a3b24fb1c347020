//! No document panics, and what has no expression stays as it is.
#![no_main]

use framewright::substitution::{Escape, Facts, Value, reads_files, substitute};
use libfuzzer_sys::fuzz_target;

struct Same(Value);

#[rustfmt::skip]
impl Facts for Same {
    fn field(&self, name: &str) -> Option<Vec<u8>> { Some(name.into()) }
    fn query(&self, name: &str) -> Option<Vec<u8>> { Some(name.into()) }
    fn config(&self, name: &str) -> Option<&Value> { (name == "ports").then_some(&self.0) }
    fn location(&self, part: &str) -> Option<String> { Some(part.into()) }
    fn url_base(&self) -> &str { "/" }
    fn uuid(&self) -> String { String::new() }
    fn file(&self, path: &str) -> Result<Vec<u8>, String> { Ok(path.into()) }
    fn fs_path(&self, path: &str) -> Result<String, String> { Err(path.into()) }
}

fuzz_target!(|octets: &[u8]| {
    let facts = Same(Value::List(vec![Value::Number(80), Value::Text("é".into())]));
    let same = substitute(octets, &Escape::Html, &facts).is_ok_and(|document| document == octets);
    assert!(same || octets.windows(2).any(|two| two == b"{{"), "{}", reads_files(octets));
});
