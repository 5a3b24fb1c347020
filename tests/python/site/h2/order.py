"""Which function is called when, and with what."""

SEEN = []


def handle_headers(frame, request, response):
    SEEN.append(f"headers {type(frame).__name__} {frame.stream_id} {frame.headers[0]} {len(request.frames)}")


def handle_data(frame, request, response):
    SEEN.append(f"data {frame.data!r} {frame.flow_controlled_length}")


def handle_frame(frame, request, response):
    SEEN.append(f"frame {frame.name} {frame.stream_id} {frame.flags:#x} {frame.length}")


def main(request, response):
    SEEN.append(f"main {request.body!r} {[type(event).__name__ for event in request.frames]}")
    return "\n".join(SEEN)
