//! Takes one step at a time.

use std::{str::FromStr, time::Duration};

use framewright_guest::{
    Field, ResponseWriter, clock, field, inspect, push,
    raw::{self, Body, Frame, HoldEnd, How, Other, Rule},
};

use crate::wording::{NO_STEP, Refused, from_hex, to_hex, wait};

/// One exchange.
pub struct Driver {
    response: ResponseWriter,
    /// The last frame that `events` saw.
    seen: u64,
    /// What `events` and `inspect` saw since the last `report`.
    report: String,
}

/// What a step tells, if it does.
type Told = Result<Option<String>, Refused>;

impl Driver {
    pub fn new(response: ResponseWriter) -> Self {
        Self { response, seen: 0, report: String::new() }
    }

    pub fn step(&mut self, line: &str) -> Told {
        let (step, rest) = line.split_once(' ').unwrap_or((line, ""));
        let words = &mut rest.split(' ').filter(|word| !word.is_empty());
        match step {
            "octets" => raw::send_octets(&from_hex(rest)?)?,
            "frame" => raw::send_frames(&[frame(words)?])?,
            "flush" => raw::flush()?,
            "close" => raw::close(how(rest)?)?,
            "hold" => raw::hold(number::<u64>(words)?.saturating_mul(1_000_000), number(words)?)?,
            "release" => return Ok(Some(released(raw::release()).to_owned())),
            "after" => raw::after(rule(rest)?),
            "absorb" => raw::absorb(number(words)?)?,
            "head" => self.head(words)?,
            "data" => self.response.send_data(rest.as_bytes(), false)?,
            "dataframe" => self.data_frame(words)?,
            "split" => self.response.split_fields(number(words)?)?,
            "end" => self.response.end_stream()?,
            "push" => promise(rest)?,
            "events" => self.events(number(words)?, number(words)?),
            "inspect" => self.inspect(),
            "report" => self.response.send_data(std::mem::take(&mut self.report).as_bytes(), false)?,
            "sleep" => clock::sleep(Duration::from_millis(number(words)?)),
            "note" => return Ok(Some(rest.to_owned())),
            "trap" => panic!("asked to"),
            _ => return Err(Refused(NO_STEP.to_owned())),
        }
        Ok(None)
    }

    fn head<'a>(&self, words: &mut impl Iterator<Item = &'a str>) -> Result<(), Refused> {
        let status: u16 = number(words)?;
        let fields: Vec<Field> = words
            .map(|word| word.split_once('=').unwrap_or((word, "")))
            .map(|(name, value)| field(name, value))
            .collect();
        let sent = match status {
            100..200 => self.response.send_informational(status, &fields),
            _ => self.response.send_headers(status, &fields, false),
        };
        Ok(sent?)
    }

    fn data_frame<'a>(&self, words: &mut impl Iterator<Item = &'a str>) -> Result<(), Refused> {
        let padding = unless_dash(words)?;
        let text = words.next().unwrap_or_default();
        Ok(self.response.send_data_frame(text.as_bytes(), padding, words.next() == Some("end"))?)
    }

    /// `field REPRESENTATION NAME VALUE` for each field, `head HEX`, and over TLS `tls VERSION CIPHER-SUITE SNI ALPN RESUMED
    /// OFFERED`; what there is none of is `-`, and offers are joined by commas.
    fn inspect(&mut self) {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        for line in inspect::fields() {
            let representation = framewright_guest::representation(line.representation);
            self.report += &format!("field {representation} {} {}\n", text(&line.name), text(&line.value));
        }
        self.report += &format!("head {}\n", to_hex(&inspect::head()));
        if let Some(tls) = inspect::tls() {
            let sni = tls.sni.as_deref().unwrap_or("-");
            let alpn = tls.alpn.as_deref().map_or_else(|| "-".to_owned(), text);
            let offered: Vec<_> = tls.alpn_offered.iter().map(|name| text(name)).collect();
            let offered = if offered.is_empty() { "-".to_owned() } else { offered.join(",") };
            let (version, suite, resumed) = (&tls.version, &tls.cipher_suite, tls.resumed);
            self.report += &format!("tls {version} {suite} {sni} {alpn} {resumed} {offered}\n");
        }
    }

    /// One line for each frame: number, type, flags, stream, length, payload.
    fn events(&mut self, most: u64, ms: u64) {
        for _ in 0..most {
            match inspect::next_frame(self.seen, None, Some(ms.saturating_mul(1_000_000))) {
                Ok(frame) => {
                    self.seen = frame.number;
                    let payload = to_hex(&frame.payload);
                    let inspect::SeenFrame { number, kind, flags, stream_id, length, .. } = frame;
                    self.report += &format!("{number} {kind} {flags} {stream_id} {length} {payload}\n");
                }
                Err(error) => {
                    self.report += &format!("{}\n", wait(error));
                    return;
                }
            }
        }
    }
}

fn frame<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Frame, Refused> {
    let stream_id = unless_dash(words)?;
    let (kind, flags) = (number(words)?, number(words)?);
    let payload = from_hex(words.next().unwrap_or("-"))?;
    let declared_length = words.next().map(parse).transpose()?;
    Ok(Frame { stream_id, body: Body::Other(Other { kind, flags, reserved: false, payload, declared_length }) })
}

fn promise(path: &str) -> Result<(), Refused> {
    let promised = push::push(b"GET", None, path.as_bytes(), &[])?;
    promised.send_headers(200, &[field("content-type", "text/plain")], false)?;
    Ok(promised.send_data(path.as_bytes(), true)?)
}

fn how(word: &str) -> Result<How, Refused> {
    match word {
        "half" => Ok(How::HalfClose),
        "silent" => Ok(How::WithoutCloseNotify),
        "reset" => Ok(How::Reset),
        _ => Err(Refused(NO_STEP.to_owned())),
    }
}

fn rule(word: &str) -> Result<Rule, Refused> {
    match word {
        "keep" => Ok(Rule::Keep),
        "close" => Ok(Rule::Close),
        _ => Err(Refused(NO_STEP.to_owned())),
    }
}

fn released(end: HoldEnd) -> &'static str {
    match end {
        HoldEnd::Released => "released",
        HoldEnd::Lost => "lost",
        HoldEnd::None => "none",
    }
}

/// The next word as a number; none for `-`.
fn unless_dash<'a, N: FromStr>(words: &mut impl Iterator<Item = &'a str>) -> Result<Option<N>, Refused> {
    match words.next() {
        Some("-") => Ok(None),
        word => parse(word.unwrap_or_default()).map(Some),
    }
}

fn number<'a, N: FromStr>(words: &mut impl Iterator<Item = &'a str>) -> Result<N, Refused> {
    parse(words.next().unwrap_or_default())
}

fn parse<N: FromStr>(word: &str) -> Result<N, Refused> {
    word.parse().map_err(|_| Refused(NO_STEP.to_owned()))
}
