//! Reason phrases: the original's table. Whatever is not in it has an empty one.

/// The phrase of this status.
pub fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Requested Range Not Satisfiable",
        417 => "Expectation Failed",
        _ => server_phrase(status),
    }
}

fn server_phrase(status: u16) -> &'static str {
    match status {
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_the_phrases_of_http_1_1_as_it_was() {
        for (status, expected) in [
            (200, "OK"),
            (302, "Found"),
            (414, "Request-URI Too Long"),
            (505, "HTTP Version Not Supported"),
            (103, ""),
            (206, "Partial Content"),
            (306, ""),
            (308, ""),
            (418, ""),
            (422, ""),
            (429, ""),
            (451, ""),
            (999, ""),
        ] {
            assert_eq!(phrase(status), expected, "{status}");
        }
        assert_eq!((0..=u16::MAX).filter(|status| !phrase(*status).is_empty()).count(), 40);
    }
}
