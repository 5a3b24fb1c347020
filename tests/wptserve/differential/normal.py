"""What is never the same twice, or is nobody's business, made the same. All else counts, to the octet.

- `Server` may name any program, `Date` any moment of that form.
- A UUID, also as the boundary of multipart content, is as good as another.
- gzip: what is inside counts, neither the time nor how well it is packed.
- A 500 has a traceback of Python's in its message: that there is one counts.
- Content-Length is that of the content, if it is of such content.
- Both servers cannot have the port that URLs show where the request's Host field names none: `told` stands for `own`.
"""

import gzip
import json
import re
import zlib

UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
# In what comes after a response that is longer than it says.
SERVER = re.compile(rb"Server: [^\r]*\r\nDate: [^\r]* GMT")
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


def normal(answer, own, told):
    """{aspect: value} of an answer, to be compared."""
    raw = answer.content
    content = unpacked(answer, SERVER.sub(b"Server: SERVER\r\nDate: DATE", UUID.sub(b"UUID", raw)))
    is_error = re.search(r"(^| )500\b", answer.status)
    if is_error:
        content = without_traceback(content)
    # Of a HEAD's 500 only the length of the traceback is there.
    tidied = raw != content or (is_error and not raw)
    content = re.sub(rb"\b%d\b" % own, b"%d" % told, content)
    fields = []
    for name, *value in answer.fields:
        value = ":".join(value)
        if name.lower() == "content-length" and tidied and (value == str(len(raw)) or not raw):
            value = "LENGTH"
        fields.append([name, field_value(name.lower(), value, own, told)])
    return {
        "status": answer.status,
        "fields": fields,
        "content": content.decode("utf-8", "backslashreplace"),
        "connection": answer.connection,
        "interim": [[re.sub("^(Server|Date): .*", r"\1", line) for line in head] for head in answer.interim],
    }


def field_value(name, value, own, told):
    if name == "server":
        return "SERVER"
    if name == "date" and DATE.fullmatch(value):
        return "DATE"
    if name == "content-type":
        return UUID.sub(b"UUID", value.encode("latin-1", "replace")).decode("latin-1")
    if name == "location":
        return re.sub(rf"\b{own}\b", str(told), value)
    return value


def unpacked(answer, content):
    if any(field[:2] == ("Content-Encoding", "gzip") or field[:2] == ("content-encoding", "gzip") for field in answer.fields):
        try:
            content, times = answer.content, 0
            while content.startswith(b"\x1f\x8b"):
                content, times = gzip.decompress(content), times + 1
            return b"gzip, %d times: " % times + content
        except (OSError, EOFError, zlib.error):
            pass
    return content


def without_traceback(content):
    try:
        error = json.loads(content)["error"]
        if list(error) == ["code", "message"] and error["code"] == 500 and error["message"]:
            return b"an error as JSON"
    except (ValueError, KeyError, TypeError):
        pass
    return content
