"""Early Hints (RFC 8297) as web-platform-tests' handlers send them: from `handle_headers`, by the raw method."""

import time


def handle_headers(frame, request, response):
    hints = [(b":status", b"103"), (b"link", b"</style.css>; rel=preload; as=style")]
    response.writer.write_raw_header_frame(headers=hints, end_headers=True)
    time.sleep(0.05)
    response.status = 200
    response.headers[b"content-type"] = "text/plain"
    response.write_status_headers()


def main(request, response):
    response.writer.write_data(item="the end", last=True)
