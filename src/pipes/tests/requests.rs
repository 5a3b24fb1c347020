//! Which pipes requests ask for.

use super::*;

#[test]
fn a_request_asks_for_pipes_as_the_original_understands_it() {
    for (path, query, expected) in [
        ("/a.html", "", ""),
        ("/a.sub.html", "", "sub(html)"),
        ("/a.sub.htm", "", "sub(html)"),
        ("/a.sub.xht", "", "sub(html)"),
        ("/a.sub.xhtml", "", "sub(html)"),
        ("/a.sub.xml", "", "sub(html)"),
        ("/a.sub.svg", "", "sub(html)"),
        ("/a.sub.HTML", "", "sub(none)"),
        ("/a.sub.js", "", "sub(none)"),
        ("/a.sub.", "", "sub(none)"),
        ("/a.sub.html.headers", "", "sub(none)"),
        ("/a.subx.html", "", ""),
        ("/a.sub.d/x", "", "sub(none)"),
        ("/a.sub.d/x.html", "", "sub(html)"),
        ("/a.sub.d/b..html", "", "sub(html)"),
        ("/a.sub.d/...html", "", "sub(none)"),
        ("/a.sub./.html", "", "sub(none)"),
        ("/.sub.html", "", "sub(html)"),
        ("", "", ""),
        ("/a.sub.html", "pipe=gzip", "sub(html)|gzip"),
        ("/a.html", "pipe=a&pipe=b", "b"),
        ("/a.html", "pipe=a&pipe=", "a"),
        ("/a.html", "pipe=a&pipe", "a"),
        ("/a.html", "pipe", ""),
        ("/a.html", "&&pipe=x&", "x"),
        ("/a.html", "%70ipe=x", "x"),
        ("/a.html", "+pipe=x", ""),
        ("/a.html", "PIPE=x", ""),
        ("/a.html", "p=1;pipe=2", ""),
        ("/a.html", "pipe=a=b", "a=b"),
        ("/a.html", "=x&pipe==", "="),
        ("/a.html", "pipe=a+b%2Bc", "a b+c"),
        ("/a.html", "pipe=+", " "),
        ("/a.html", "pipe=%26x", "&x"),
        ("/a.html", "pipe=%C3%A9%E9%zz%4", "é\u{fffd}%zz%4"),
        ("/a.html", "pipe=%F0%9F%98", "\u{fffd}"),
        ("/a.html", "pipe=%E4%BD%E4%BD%A0", "\u{fffd}你"),
        ("/a.html", "pipe=%ED%A0%80", "\u{fffd}\u{fffd}\u{fffd}"),
        // Octets as they are sent are no UTF-8, though these would be.
        ("/a.html", "pipe=é", "\u{c3}\u{a9}"),
    ] {
        let found = of_request(path.as_bytes(), Some(query.as_bytes())).unwrap_or_default();
        assert_eq!(found, expected, "{path} {query}");
    }
    assert_eq!(of_request(b"/a.html", None), None);
    assert_eq!(of_request(b"/a.sub.js", None).as_deref(), Some("sub(none)"));
    // An octet beyond ASCII ends what is read as UTF-8.
    assert_eq!(of_request(b"/", Some(b"pipe=%C3\xe9%A9")).as_deref(), Some("\u{fffd}\u{e9}\u{fffd}"));
}
