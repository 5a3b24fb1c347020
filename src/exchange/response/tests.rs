//! What a response may become, step by step.

use super::*;
use crate::exchange::recorder::{Recorded, Recorder};

fn writer(version: Version, method: &str) -> (ResponseWriter, Recorder) {
    let recorder = Recorder::default();
    (ResponseWriter::new(Box::new(recorder.clone()), version, method == "HEAD"), recorder)
}

fn section(lines: &[(&str, &str)]) -> FieldSection {
    FieldSection::from_lines(lines.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())))
}

async fn head(writer: &mut ResponseWriter, status: u16, lines: &[(&str, &str)], end: bool) -> Result<(), WriteError> {
    writer.send_head(status, &section(lines), end).await
}

async fn data(writer: &mut ResponseWriter, text: &'static str, end: bool) -> Result<(), WriteError> {
    writer.send_data(Bytes::from_static(text.as_bytes()), end).await
}

#[tokio::test]
async fn fields_that_cannot_be_sent_are_named_by_index() {
    let both = [Version::Http11, Version::Http2].as_slice();
    let (h1, h2) = ([Version::Http11].as_slice(), [Version::Http2].as_slice());
    let rows: &[(&str, &[Version], &str, &str, bool)] = &[
        ("RFC 9110 §5.1: a token", both, "x-a", "1", true),
        ("RFC 9110 §5.1: no name", both, "", "1", false),
        ("RFC 9110 §5.1: a blank in the name", both, "x a", "1", false),
        ("RFC 9113 §8.3: a pseudo-field", both, ":status", "200", false),
        ("RFC 9110 §5.5: an empty value", both, "x", "", true),
        ("RFC 9110 §5.5: octets above 0x7f", both, "x", "\u{e9}", true),
        ("RFC 9110 §5.5: CR", both, "x", "a\rb", false),
        ("RFC 9110 §5.5: LF", both, "x", "a\nb", false),
        ("RFC 9110 §5.5: NUL", both, "x", "a\0b", false),
        ("RFC 9113 §8.2.1: a blank before", both, "x", " a", false),
        ("RFC 9113 §8.2.1: a tab behind", both, "x", "a\t", false),
        ("RFC 9113 §8.2.1: upper case over HTTP/2", h2, "X-A", "1", false),
        ("RFC 9110 §5.1: upper case over HTTP/1.1", h1, "X-A", "1", true),
        ("RFC 9112 §9.6: close over HTTP/1.1", h1, "Connection", "close", true),
        ("RFC 9113 §8.2.2: close over HTTP/2", h2, "connection", "close", false),
        ("RFC 9112 §9.3: keep-alive is the server's", h1, "Connection", "keep-alive", false),
        ("RFC 9112 §6.1: framing is the server's", both, "transfer-encoding", "chunked", false),
        ("RFC 9113 §8.2.2: upgrade", both, "upgrade", "h2c", false),
        ("RFC 9110 §8.6: a length", both, "content-length", "3", true),
        ("RFC 9110 §8.6: no number", both, "content-length", "+3", false),
        ("RFC 9110 §8.6: no length", both, "content-length", "", false),
        ("RFC 9110 §8.6: an overflow", both, "content-length", "99999999999999999999", false),
    ];
    for (clause, versions, name, value, accepted) in rows {
        for version in *versions {
            let (mut writer, recorder) = writer(*version, "GET");
            let result = head(&mut writer, 200, &[("a", "1"), (name, value)], false).await;
            let expected = if *accepted { Ok(()) } else { Err(WriteError::InvalidField(1)) };
            assert_eq!(result, expected, "{clause}, {version:?}");
            assert_eq!(recorder.recorded().status, if *accepted { 200 } else { 0 }, "{clause}: nothing is sent");
        }
    }
}

#[tokio::test]
async fn a_second_content_length_is_refused() {
    let (mut writer, _) = writer(Version::Http11, "GET");
    let lines = [("content-length", "1"), ("Content-Length", "1")];
    assert_eq!(head(&mut writer, 200, &lines, false).await, Err(WriteError::InvalidField(1)));
}

#[tokio::test]
async fn statuses_have_their_place() {
    for (status, informational, last) in [
        (99, false, false),
        (100, true, false),
        (101, false, false),
        (199, true, false),
        (200, false, true),
        (999, false, true),
    ] {
        let (mut writer, _) = writer(Version::Http2, "GET");
        let expected = |accepted| if accepted { Ok(()) } else { Err(WriteError::InvalidStatus) };
        let sent = writer.send_informational(status, &FieldSection::new()).await;
        assert_eq!(sent, expected(informational), "{status} before the head");
        assert_eq!(head(&mut writer, status, &[], true).await, expected(last), "{status} as the head");
    }
    let (mut writer, _) = writer(Version::Http2, "GET");
    assert_eq!(head(&mut writer, 1000, &[], true).await, Err(WriteError::InvalidStatus));
}

#[tokio::test]
async fn steps_out_of_order_send_nothing() {
    let (mut writer, recorder) = writer(Version::Http2, "GET");
    let before = Err(WriteError::OutOfOrder(Phase::Head));
    assert_eq!(data(&mut writer, "x", false).await, before);
    assert_eq!(writer.send_trailers(&FieldSection::new()).await, before);
    assert_eq!(writer.end_stream().await, before);
    head(&mut writer, 200, &[], false).await.unwrap();
    let between = Err(WriteError::OutOfOrder(Phase::Content));
    assert_eq!(head(&mut writer, 200, &[], false).await, between);
    assert_eq!(writer.send_informational(103, &FieldSection::new()).await, between);
    writer.end_stream().await.unwrap();
    let after = Err(WriteError::OutOfOrder(Phase::Closed));
    assert_eq!(data(&mut writer, "x", false).await, after);
    assert_eq!(writer.end_stream().await, after);
    assert_eq!(writer.reset(0), after);
    let Recorded { content, ended, reset, .. } = recorder.recorded();
    assert_eq!((content.as_slice(), ended, reset), (b"".as_slice(), true, None));
}

#[tokio::test]
async fn content_agrees_with_its_length() {
    let (mut writer, recorder) = writer(Version::Http11, "GET");
    head(&mut writer, 200, &[("content-length", "3")], false).await.unwrap();
    assert_eq!(data(&mut writer, "four", false).await, Err(WriteError::LengthMismatch));
    data(&mut writer, "ab", false).await.unwrap();
    assert_eq!(writer.end_stream().await, Err(WriteError::LengthMismatch));
    assert_eq!(writer.send_trailers(&FieldSection::new()).await, Err(WriteError::LengthMismatch));
    data(&mut writer, "c", true).await.unwrap();
    assert_eq!(recorder.recorded().content, b"abc");
    let (mut writer, _) = self::writer(Version::Http11, "GET");
    assert_eq!(head(&mut writer, 200, &[("content-length", "3")], true).await, Err(WriteError::LengthMismatch));
}

#[tokio::test]
async fn responses_without_content_stay_without() {
    for (method, status, lines) in
        [("GET", 204, [].as_slice()), ("GET", 304, &[("content-length", "9")]), ("HEAD", 200, &[])]
    {
        let (mut writer, recorder) = writer(Version::Http2, method);
        head(&mut writer, status, lines, false).await.unwrap();
        assert!(recorder.recorded().ended, "{method} {status}: the head ends the stream");
        let sent = data(&mut writer, "content", true).await;
        // The handler of a GET may answer HEAD as it is.
        let expected = if method == "HEAD" { Ok(()) } else { Err(WriteError::OutOfOrder(Phase::Closed)) };
        assert_eq!(sent, expected, "{method} {status}");
        assert_eq!(recorder.recorded().content, b"", "{method} {status}");
    }
    let (mut writer, _) = writer(Version::Http2, "GET");
    let refused = head(&mut writer, 204, &[("content-length", "0")], true).await;
    assert_eq!(refused, Err(WriteError::InvalidField(0)), "RFC 9110 §8.6");
}

#[tokio::test]
async fn trailers_frame_nothing() {
    for (name, accepted) in [("x-sum", true), ("content-length", false), ("content-type", false), ("trailer", false)] {
        let (mut writer, _) = writer(Version::Http2, "GET");
        head(&mut writer, 200, &[], false).await.unwrap();
        let sent = writer.send_trailers(&section(&[(name, "1")])).await;
        assert_eq!(sent, if accepted { Ok(()) } else { Err(WriteError::InvalidField(0)) }, "RFC 9110 §6.5.1: {name}");
    }
}

#[tokio::test]
async fn a_writer_that_is_dropped_early_resets_the_stream() {
    let (mut writer, recorder) = writer(Version::Http2, "GET");
    head(&mut writer, 200, &[], false).await.unwrap();
    drop(writer);
    assert_eq!(recorder.recorded().reset, Some(INTERNAL_ERROR));
    let (mut writer, recorder) = self::writer(Version::Http2, "GET");
    head(&mut writer, 200, &[], true).await.unwrap();
    drop(writer);
    assert_eq!(recorder.recorded().reset, None);
}

#[tokio::test]
async fn the_octet_limit_stops_content() {
    let (mut writer, recorder) = writer(Version::Http2, "GET");
    writer.limit_octets(4);
    head(&mut writer, 200, &[], false).await.unwrap();
    data(&mut writer, "1234", false).await.unwrap();
    assert_eq!(data(&mut writer, "5", true).await, Err(WriteError::OctetLimit(4)));
    assert_eq!(recorder.recorded().content, b"1234");
}
