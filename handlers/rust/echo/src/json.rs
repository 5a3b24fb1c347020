//! Writes JSON (RFC 8259) into memory: just what the echo needs, to keep the module small.

/// A JSON text being written.
#[derive(Default)]
pub struct Json(Vec<u8>);

impl Json {
    pub fn finish(mut self) -> Vec<u8> {
        self.0.push(b'\n');
        self.0
    }

    pub fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.0.push(b'{');
        members(self);
        self.0.push(b'}');
    }

    /// Starts a member; its value must follow. Keys are ours and need no escapes.
    pub fn key(&mut self, key: &str) -> &mut Self {
        self.separate();
        self.0.extend_from_slice(format!("\"{key}\":").as_bytes());
        self
    }

    pub fn array<T>(&mut self, items: &[T], mut item: impl FnMut(&mut Self, &T)) {
        self.0.push(b'[');
        for each in items {
            self.separate();
            item(self, each);
        }
        self.0.push(b']');
    }

    pub fn optional<T>(&mut self, value: Option<T>, some: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => some(self, value),
            None => self.0.extend_from_slice(b"null"),
        }
    }

    pub fn number(&mut self, number: u64) {
        self.0.extend_from_slice(number.to_string().as_bytes());
    }

    /// A string of the code points U+0000 to U+00FF that have the octets' numbers.
    pub fn octets(&mut self, octets: &[u8]) {
        self.0.push(b'"');
        for &octet in octets {
            match octet {
                b'"' | b'\\' => self.0.extend_from_slice(&[b'\\', octet]),
                b' '..=b'~' => self.0.push(octet),
                _ => self.0.extend_from_slice(format!("\\u{octet:04x}").as_bytes()),
            }
        }
        self.0.push(b'"');
    }

    /// A comma, unless the text so far ends in an opening bracket.
    fn separate(&mut self) {
        if !matches!(self.0.last(), None | Some(b'{' | b'[')) {
            self.0.push(b',');
        }
    }
}
