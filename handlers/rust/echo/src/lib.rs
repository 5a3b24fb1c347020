//! Answers with what arrived: request head, content and connection facts, as one JSON object.
//!
//! Octets become a string of the code points with the same numbers (isomorphic decoding, Infra Standard §4.5), so that
//! any octets, UTF-8 or not, come out unchanged: `é` in UTF-8 shows as `\u00c3\u00a9`. Content is read to its end
//! before the answer starts; the first mebibyte of it is shown, all of it is counted.

mod json;

use framewright_guest::{ContentEvent, Fault, Field, Request, ResponseWriter, Version, field, handler};
use json::Json;

handler!(echo);

fn echo(request: Request, response: ResponseWriter) -> Result<(), Fault> {
    let content = Content::read(&request)?;
    let mut answer = Json::default();
    answer.object(|it| {
        head(it, &request);
        it.key("content").octets(&content.shown);
        it.key("content_octets").number(content.octets);
        it.key("trailers").array(&content.trailers, field_line);
        it.key("connection").object(|it| connection(it, &request));
    });
    let answer = answer.finish();

    let fields = [field("content-type", "application/json"), field("content-length", answer.len().to_string())];
    response.send_headers(200, &fields, false)?;
    Ok(response.send_data(&answer, true)?)
}

/// Request content, read to its end.
#[derive(Default)]
struct Content {
    shown: Vec<u8>,
    octets: u64,
    trailers: Vec<Field>,
}

impl Content {
    fn read(request: &Request) -> Result<Self, Fault> {
        let mut content = Self::default();
        loop {
            match request.read(0, None)? {
                ContentEvent::Data(data) => {
                    let room = MOST_SHOWN - content.shown.len();
                    content.shown.extend_from_slice(&data[..data.len().min(room)]);
                    content.octets += data.len() as u64;
                }
                ContentEvent::Trailers(fields) => content.trailers = fields,
                ContentEvent::End => return Ok(content),
            }
        }
    }
}

fn head(it: &mut Json, request: &Request) {
    it.key("method").octets(&request.method());
    it.key("scheme").octets(request.scheme().as_bytes());
    it.key("authority").optional(request.authority(), |it, authority| it.octets(&authority));
    it.key("path").octets(&request.path_with_query());
    it.key("version").octets(match request.version() {
        Version::Http10 => b"HTTP/1.0",
        Version::Http11 => b"HTTP/1.1",
        Version::Http2 => b"HTTP/2",
    });
    it.key("fields").array(&request.fields(), field_line);
}

fn field_line(it: &mut Json, field: &Field) {
    it.array(&[&field.name, &field.value], |it, octets| it.octets(octets));
}

fn connection(it: &mut Json, request: &Request) {
    let facts = request.connection();
    it.key("id").number(facts.connection_id);
    it.key("stream").optional(facts.stream_id, |it, id| it.number(u64::from(id)));
    for (key, end) in [("peer", facts.peer), ("local", facts.local)] {
        it.key(key).object(|it| {
            it.key("address").octets(end.address.as_bytes());
            it.key("port").number(u64::from(end.port));
        });
    }
    it.key("tls").optional(facts.tls, |it, tls| {
        it.object(|it| {
            it.key("version").octets(tls.version.as_bytes());
            it.key("alpn").optional(tls.alpn, |it, alpn| it.octets(&alpn));
            it.key("sni").optional(tls.sni, |it, sni| it.octets(sni.as_bytes()));
        });
    });
}

/// Octets of content kept for the answer.
const MOST_SHOWN: usize = 1 << 20;
