"""What is known of an exchange from the start."""

from dataclasses import dataclass


@dataclass(slots=True)
class Facts:
    """Octets as they were sent."""

    #: `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`.
    version: str
    method: bytes
    #: Path and query.
    target: bytes
    #: `http` or `https`.
    scheme: str
    #: HTTP/2: name and value pairs in wire order, pseudo-fields included.
    fields: list
    #: HTTP/1.x: the head verbatim, with the fields.
    head: bytes
    #: Address and port.
    peer: tuple
    local: tuple
    #: HTTP/2.
    stream_id: int | None = None
    #: Whether verbatim octets and frames may be sent.
    has_raw: bool = True
    #: Whether clients may see tracebacks.
    is_local: bool = True
    #: Faults of the original that the handler does not see: `request-duplicates`, `http2-url`, `http2-content`.
    mended: frozenset = frozenset(("http2-content",))
    #: Whether pages are to go through the door's `inject_script`.
    injects_script: bool = False
    #: Whether the handler is only to be loaded.
    only_load: bool = False
