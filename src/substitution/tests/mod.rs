//! What each expression comes to, as recorded of web-platform-tests' own server.

mod example;

use proptest::prelude::*;

pub(crate) use self::example::Example;
use super::*;

fn result(document: &[u8], escape: &str) -> Result<Vec<u8>, ExpressionFault> {
    substitute(document, &Escape::named(escape), &Example::new()).map_err(|error| error.fault)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn expressions_come_to_what_the_original_makes_of_them() {
    for (document, expected) in [
        ("", ""),
        ("no expression {host}", "no expression {host}"),
        ("{{host}}", "web-platform.test"),
        ("{{host", "{{host"),
        ("{{a}b}} {{host}}}", "{{a}b}} web-platform.test}"),
        ("a{{host}}b{{host}}c", "aweb-platform.testbweb-platform.testc"),
        // What starts no part ends the expression.
        ("{{host }}", "web-platform.test"),
        ("{{host.x}}", "web-platform.test"),
        ("{{host\n}}", "web-platform.test"),
        ("{{host host}}", "web-platform.test"),
        ("{{host[0}}", "web-platform.test"),
        ("{{host(a}}", "web-platform.test"),
        ("{{host[0]\n[0]}}", "w"),
        ("{{uuid() trailing}}", "ba701366-abde-4d41-80de-2de7436669f5"),
        // Names
        ("{{hosts[][www]}}", "www.web-platform.test"),
        ("{{hosts[alt][]}}", "not-web-platform.test"),
        ("{{domains[]}} {{domains[www]}}", "web-platform.test www.web-platform.test"),
        ("{{domains[élève]}}", "xn--lve-6lad.web-platform.test"),
        ("{{browser_host}}", "web-platform.test"),
        ("{{url_base}}", "/"),
        // Numbers
        ("{{ports[http][0]}}", "8000"),
        ("{{ports[http][ 1 ]}}", "8001"),
        ("{{ports[http][-1]}}", "8001"),
        ("{{ports[http][0_1]}}", "8001"),
        ("{{ports[http][+0]}}", "8000"),
        ("{{ports[http][00]}}", "8000"),
        // Texts and octets have members, too.
        ("{{host[0]}}{{host[-1]}}{{host[0][0][0]}}", "wtw"),
        ("{{headers[x-test][0]}}", "80"),
        ("{{GET[a][0]}}", "49"),
        ("{{uuid()[0]}}", "b"),
        ("{{url_base[0]}}", "/"),
        // The request
        ("{{headers[X-Test]}} {{headers[x-TEST]}}", "PASS PASS"),
        ("{{headers[X-Html]}}", "&lt;&amp;&gt;&quot;&#x27;"),
        ("{{header_or_default(X-Test,d)}}", "PASS"),
        ("{{header_or_default(X-No,  d e)}}", "d e"),
        ("{{header_or_default(X-No ,d)}}", "d"),
        ("{{header_or_default(X-No,)}}", ""),
        ("{{header_or_default(X-No,<)}}", "&lt;"),
        ("{{header_or_default(X-No,\u{1c}d)}}", "d"),
        ("{{header_or_default(X-No,\u{3000}d)}}", "d"),
        ("{{GET[a]}}|{{GET[nope]}}|{{GET[]}}|{{GET[ a ]}}", "1|||"),
        ("{{GET[utf]}}{{GET[é]}}{{GET[less]}}", "élat&lt;"),
        // A number is the name of no parameter.
        ("{{GET[1]}}", ""),
        (
            "{{location[server]}} {{location[scheme]}} {{location[host]}} {{location[hostname]}} {{location[port]}}",
            "http://web-platform.test:8000 http web-platform.test:8000 web-platform.test 8000",
        ),
        ("{{location[path]}} {{location[pathname]}} {{location[query]}}", "/d/x.html /d/x.html ?a=1&amp;b=2"),
        // Files
        ("{{fs_path(a)}} {{fs_path(/)}}", "/root/d/a /root/d//"),
        ("{{file_hash(md5, dom/a.txt)}}", "kAFQmDzST7DWlj99KOF/cg=="),
        ("{{file_hash(sha1,dom/a.txt)}}", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
        ("{{file_hash(sha224,dom/a.txt)}}", "Iwl9IjQF2CKGQqR3vaJVsyqtvOS9oLP342ydpw=="),
        ("{{file_hash(sha256,dom/a.txt)}}", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
        ("{{file_hash(sha384,dom/a.txt)}}", "ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn"),
        (
            "{{file_hash(sha512,dom/a.txt)}}",
            "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==",
        ),
        // Variables
        ("{{$a:host}} {{$a}}", "web-platform.test web-platform.test"),
        ("{{$a:GET[nope]}}[{{$a}}]", "[]"),
        ("{{$a:host}}{{$b:$a}}{{$b[0]}}", "web-platform.testweb-platform.testw"),
        ("{{$a:ports[http][0]}}{{$a}}", "80008000"),
        ("{{$a:host}}{{$a:host[0]}}{{$a}}", "web-platform.testww"),
    ] {
        let found = result(document.as_bytes(), "html").map(|octets| String::from_utf8_lossy(&octets).into_owned());
        assert_eq!(found, Ok(expected.to_owned()), "{document}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn expressions_fail_where_the_original_fails() {
    use ExpressionFault as F;
    let undefined = |name: &str| F::Undefined(name.to_owned());
    let no_member = |name: &str| F::NoMember(name.to_owned());
    let arguments = |function, takes, has| F::Arguments { function, takes, has };
    for (document, expected) in [
        ("{{}}", F::NoName),
        ("{{ host}}", F::NoName),
        ("{{\nhost}}", F::NoName),
        ("{{{host}}", F::NoName),
        ("{{{{host}}}}", F::NoName),
        ("{{élève}}", F::NoName),
        ("{{$}}", F::NoName),
        ("{{$:host}}", F::NoName),
        ("{{$a:}}", F::NoName),
        ("{{[x]}}", F::NotName(Part::Index)),
        ("{{[0]}}", F::NotName(Part::Index)),
        ("{{(x)}}", F::NotName(Part::Arguments)),
        ("{{$a:[x]}}", F::NotName(Part::Index)),
        ("{{$a:$b:host}}", F::NotName(Part::Assignment)),
        ("{{uuid()host}}", F::NotStep(Part::Name)),
        ("{{host$a}}", F::NotStep(Part::Name)),
        ("{{host$a:}}", F::NotStep(Part::Assignment)),
        ("{{hosts[alt][]x}}", F::NotStep(Part::Name)),
        ("{{nope}}", undefined("nope")),
        ("{{Host}}", undefined("Host")),
        ("{{$a}}", undefined("$a")),
        ("{{$a :host}}", undefined("$a")),
        ("{{a:host}}", undefined("a")),
        // A variable is known from its assignment on, in the order of the document.
        ("{{$a}}{{$a:host}}", undefined("$a")),
        ("{{domains[nope]}}", no_member("`nope`")),
        ("{{domains[ www]}}", no_member("` www`")),
        ("{{domains[1]}}", no_member("1")),
        ("{{ports[https][0]}}", no_member("`https`")),
        ("{{ports[http][2]}}", no_member("2")),
        ("{{ports[http][-3]}}", no_member("-3")),
        ("{{ports[http][99999999999999999999]}}", no_member("9223372036854775807")),
        ("{{ports[http][x]}}", F::IndexKind { of: Kind::List, by: Kind::Text }),
        ("{{ports[http][0][0]}}", F::NoMembers(Kind::Number)),
        ("{{location[port][0]}}", F::NoMembers(Kind::Number)),
        ("{{location[x]}}", no_member("`x`")),
        ("{{location[0]}}", no_member("0")),
        ("{{host[x]}}", F::IndexKind { of: Kind::Text, by: Kind::Text }),
        ("{{host[99]}}", no_member("99")),
        ("{{GET[nope][0]}}", no_member("0")),
        ("{{none[0]}}", F::NoMembers(Kind::Nothing)),
        ("{{uuid[0]}}", F::NoMembers(Kind::Function)),
        ("{{headers[nope]}}", F::NoField("nope".to_owned())),
        ("{{headers[]}}", F::NoField(String::new())),
        ("{{headers[1]}}", F::IndexKind { of: Kind::Map, by: Kind::Number }),
        ("{{headers[天]}}", F::NotLatin1("天".to_owned())),
        ("{{GET[天]}}", F::NotLatin1("天".to_owned())),
        ("{{header_or_default(天,b)}}", F::NotLatin1("天".to_owned())),
        ("{{GET[latin]}}", F::ResultNotUtf8),
        ("{{headers[X-Latin]}}", F::ResultNotUtf8),
        ("{{host(a)}}", F::NotCallable(Kind::Text)),
        ("{{uuid()()}}", F::NotCallable(Kind::Text)),
        ("{{headers(x)}}", F::NotCallable(Kind::Map)),
        ("{{GET(a)}}", F::NotCallable(Kind::Map)),
        ("{{location(a)}}", F::NotCallable(Kind::Map)),
        ("{{ports[http](a)}}", F::NotCallable(Kind::List)),
        ("{{uuid(x)}}", arguments("uuid", 0, 1)),
        ("{{uuid( )}}", arguments("uuid", 0, 1)),
        ("{{header_or_default(X-No)}}", arguments("header_or_default", 2, 1)),
        ("{{header_or_default(X-No,a,b)}}", arguments("header_or_default", 2, 3)),
        ("{{file_hash(md5)}}", arguments("file_hash", 2, 1)),
        ("{{fs_path()}}", arguments("fs_path", 1, 0)),
        ("{{file_hash(crc,nope)}}", F::Algorithm("crc".to_owned())),
        ("{{file_hash(md5,nope)}}", F::File { path: "nope".to_owned(), reason: "there is no such file".to_owned() }),
        ("{{fs_path(..)}}", F::File { path: "..".to_owned(), reason: "it is outside the document root".to_owned() }),
        ("{{domains}}", F::NoResult(Kind::Map)),
        ("{{$a:domains}}", F::NoResult(Kind::Map)),
        ("{{ports[http]}}", F::NoResult(Kind::List)),
        ("{{ports[http] [0]}}", F::NoResult(Kind::List)),
        ("{{uuid}}", F::NoResult(Kind::Function)),
        ("{{$a:uuid}}", F::NoResult(Kind::Function)),
        ("{{headers}}", F::NoResult(Kind::Map)),
        ("{{GET[a}}", F::NoResult(Kind::Map)),
        ("{{location}}", F::NoResult(Kind::Map)),
        ("{{none}}", F::NoResult(Kind::Nothing)),
    ] {
        assert_eq!(result(document.as_bytes(), "html"), Err(expected), "{document}");
    }
}

#[test]
fn octets_around_expressions_stay_and_octets_in_them_must_be_utf8() {
    assert_eq!(result(b"\xff{{host\xff}}\xfe", "html"), Ok(b"\xffweb-platform.test\xfe".to_vec()));
    // Even of a name that is undefined: all of an expression is read before any of it counts.
    for document in [&b"{{domains[\xff]}}"[..], b"{{nope[\xff]}}"] {
        assert_eq!(result(document, "html"), Err(ExpressionFault::NotUtf8(Part::Index)));
    }
    assert_eq!(result(b"{{nope(\xff)}}", "html"), Err(ExpressionFault::NotUtf8(Part::Arguments)));
}

#[test]
fn an_unknown_escaping_counts_once_there_is_an_expression_that_comes_to_something() {
    let unknown = |name: &str| Err(ExpressionFault::Escape(name.to_owned()));
    assert_eq!(result(b"{{headers[X-Html]}}", "none"), Ok(b"<&>\"'".to_vec()));
    assert_eq!(result(b"{{host", "url"), Ok(b"{{host".to_vec()));
    assert_eq!(result(b"{{host}}", "url"), unknown("url"));
    assert_eq!(result(b"{{host}}", ""), unknown(""));
    assert_eq!(result(b"{{host}}", "HTML"), unknown("HTML"));
    assert_eq!(result(b"{{GET[latin]}}", "url"), unknown("url"));
    assert_eq!(result(b"{{nope}}", "url"), Err(ExpressionFault::Undefined("nope".to_owned())));
}

#[test]
fn an_error_says_where_the_expression_is() {
    let error = substitute(b"one\ntwo {{host}}\n {{nope[0]}}", &Escape::Html, &Example::new()).expect_err("it fails");
    assert_eq!((error.line, error.offset), (3, 18));
    assert_eq!(error.to_string(), "line 3, octet 18: `{{nope[0]}}`: `nope` is not defined");
}

#[test]
fn a_document_that_grows_without_bound_is_refused() {
    struct Long(Example);
    impl Facts for Long {
        fn field(&self, _: &str) -> Option<Vec<u8>> {
            Some(vec![b'<'; 64 << 10])
        }
        fn query(&self, name: &str) -> Option<Vec<u8>> {
            self.0.query(name)
        }
        fn config(&self, name: &str) -> Option<&Value> {
            self.0.config(name)
        }
        fn location(&self, part: &str) -> Option<String> {
            self.0.location(part)
        }
        fn url_base(&self) -> &str {
            self.0.url_base()
        }
        fn uuid(&self) -> String {
            self.0.uuid()
        }
        fn file(&self, path: &str) -> Result<Vec<u8>, String> {
            self.0.file(path)
        }
        fn fs_path(&self, path: &str) -> Result<String, String> {
            self.0.fs_path(path)
        }
    }
    let document = b"{{headers[x]}}".repeat(1000);
    let error = substitute(&document, &Escape::Html, &Long(Example::new())).expect_err("it fails");
    assert_eq!(error.fault, ExpressionFault::TooLarge(64 << 20));
}

proptest! {
    #[test]
    fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..200), html in any::<bool>()) {
        let escape = if html { Escape::Html } else { Escape::None };
        let _ = substitute(&octets, &escape, &Example::new());
        let _ = reads_files(&octets);
    }

    #[test]
    fn nothing_made_of_the_languages_own_parts_panics(parts in proptest::collection::vec(
        proptest::sample::select(vec![
            "{{", "}}", "}", "$", "a", ":", "[", "]", "(", ")", ",", " ", "host", "hosts", "ports", "http", "headers",
            "GET", "location", "port", "uuid()", "fs_path", "file_hash(", "md5", "-1", "0", "99999999999999999999", "é",
            "\n", "_",
        ]), 0..24,
    )) {
        let document = parts.concat();
        let substituted = substitute(document.as_bytes(), &Escape::Html, &Example::new());
        if !document.contains("{{") {
            prop_assert_eq!(substituted, Ok(document.into_bytes()));
        }
    }
}
