//! Request content, line by line, as it comes.

use framewright_guest::{ContentEvent, Request};

/// What has come and is not taken yet.
#[derive(Default)]
pub struct Lines {
    octets: Vec<u8>,
    ended: bool,
}

impl Lines {
    /// The next line; none at the end of the content, or when the client is gone.
    pub fn next(&mut self, request: &Request) -> Option<String> {
        loop {
            if let Some(end) = self.octets.iter().position(|&octet| octet == b'\n') {
                let line: Vec<u8> = self.octets.drain(..=end).take(end).collect();
                return Some(String::from_utf8_lossy(&line).into_owned());
            }
            if self.ended {
                let rest = std::mem::take(&mut self.octets);
                return (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned());
            }
            match request.read(0, None) {
                Ok(ContentEvent::Data(data)) => self.octets.extend(data),
                Ok(ContentEvent::Trailers(_)) => {}
                Ok(ContentEvent::End) | Err(_) => self.ended = true,
            }
        }
    }
}
