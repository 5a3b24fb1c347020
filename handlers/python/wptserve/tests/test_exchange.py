"""What becomes of an exchange over HTTP/1.1 beside the answer itself."""

import unittest

from _framewright import exchange

from .stand_in import StandIn, h1_facts

GET = b"GET /a.py HTTP/1.1\r\nHost: a\r\n"


def answer(source, request=GET, content=b"", **more):
    facts, _ = h1_facts(request + b"\r\n", **more)
    door = StandIn(source.encode(), facts, content)
    exchange.run(door)
    return door


class Exchange(unittest.TestCase):
    def test_a_short_response_leaves_in_one_piece(self):
        self.assertEqual(len(answer("def main(request, response): return [('a', 'b')], 'x'").sent), 1)

    def test_each_write_leaves_by_itself(self):
        source = "def main(request, response):\n for piece in 'abc': response.writer.write(piece)"
        self.assertEqual(answer(source).sent, [b"a", b"b", b"c"])

    def test_a_peer_that_is_gone_makes_writes_false_and_ends_generators(self):
        source = ("def main(request, response):\n"
                  " results = [response.writer.write(b'x') for _ in range(3)]\n"
                  " print(results)\n"
                  " assert results == [True, False, False]\n")
        facts, _ = h1_facts(GET + b"\r\n")
        door = StandIn(source.encode(), facts)
        door.writes_left = 1
        exchange.run(door)
        self.assertEqual((door.sent, door.log), ([b"x"], []))
        endless = "import itertools\ndef main(request, response): return [], itertools.repeat(b'x')"
        door = StandIn(endless.encode(), facts)
        door.writes_left = 3
        exchange.run(door)
        self.assertEqual(len(door.sent), 3)

    def test_the_connection_is_kept_as_the_original_keeps_it(self):
        whole = "def main(request, response): return 'x'"
        unknown = "def main(request, response): return [], ['x']"
        for source, request, keeps in (
            (whole, GET, True),
            (unknown, GET, False),
            (whole, GET + b"Connection: close\r\n", False),
            (whole, GET.replace(b"1.1", b"1.0"), False),
            (whole, GET.replace(b"1.1", b"1.0") + b"Connection: Keep-Alive\r\n", True),
        ):
            with self.subTest(request=request, source=source):
                self.assertEqual(answer(source, request).keeps, keeps)

    def test_content_that_the_handler_left_is_read_before_the_next_request(self):
        door = answer("def main(request, response): return 'x'", GET + b"Content-Length: 3\r\n", b"abc")
        self.assertEqual((door.keeps, door.read()), (True, b""))

    def test_tracebacks_go_to_the_log_and_to_clients_of_local_servers_only(self):
        source = "def main(request, response):\n raise KeyError('why')"
        for is_local in (True, False):
            door = answer(source, is_local=is_local)
            self.assertIn('File "/a.py", line 2, in main', door.log[0])
            self.assertNotIn("handlers.py", door.log[0])
            self.assertEqual(b"line 2" in door.sent[0], is_local)
            self.assertIn(b"500 Internal Server Error", door.sent[0])

    def test_without_the_raw_door_responses_are_sent_politely(self):
        door = answer("def main(request, response): return 201, [('X-A', '1')], 'x'", has_raw=False)
        kind, status, fields, is_last = door.sent[0]
        self.assertEqual((kind, status, fields[0], is_last), ("headers", 201, (b"X-A", b"1"), False))
        self.assertEqual(door.sent[1:], [("data", b"x", False)])
        door = answer("def main(request, response): response.writer.write(b'nonsense\\r\\n\\r\\n')", has_raw=False)
        self.assertIn("only a handler with the grant `raw` can send this", door.log[0])
        door = answer("def main(request, response): response.writer.write(b'HTTP/1.1 200 OK\\n\\n')", has_raw=False)
        self.assertIn("only a handler with the grant `raw` can send this", door.failed)

    def test_a_check_loads_and_says_what_is_missing(self):
        for source, status, words in (
            ("def main(request, response): 1 / 0", 200, b""),
            ("main = print", 200, b""),
            ("def handle_data(frame, request, response): pass", 200, b""),
            ("def main(argv): pass", 404, b""),
            ("VALUE = 1", 404, b""),
            ("import nothing\ndef main(request, response): pass", 500, b"line 1: ModuleNotFoundError: No module named 'nothing'"),
            ("def main(request, response):\n return (", 500, b"line 2: SyntaxError: '(' was never closed (a.py, line 2)"),
            ("def main(request, response): pass\ndel main", 500, b"it has no function main when it is loaded"),
        ):
            with self.subTest(source=source):
                sent = answer(source, only_load=True).sent
                self.assertEqual((sent[0][1], sent[1][1]), (status, words))

    def test_leaving_python_is_a_failure_like_any_other(self):
        door = answer("import sys\ndef main(request, response): sys.exit(3)")
        self.assertTrue(door.sent[0].startswith(b"HTTP/1.1 500 "), door.sent)

    def test_code_is_stored_before_it_runs(self):
        door = answer("raise SystemError")
        self.assertIsNotNone(door.stored)

    def test_all_fields_of_a_name_are_seen_only_where_that_is_mended(self):
        source = "def main(request, response): return repr((request.headers['x-a'], request.headers.get_list('X-A')))"
        request = GET + b"X-A: 1\r\nx-a: 2\r\n"
        for mended, expected in ((frozenset(), b"(b'1', [b'1'])"), (frozenset(("request-duplicates",)), b"(b'1, 2', [b'1', b'2'])")):
            with self.subTest(mended):
                self.assertTrue(answer(source, request, mended=mended).sent[0].endswith(expected))

    def test_a_script_is_put_into_whole_pages_alone(self):
        page = "<script></script><p>"
        for headers, content, injects, expected in (
            ("('Content-Type', 'text/html')", "'<p>'", True, page),
            ("('Content-Type', 'text/html')", "b'<p>'", True, page),
            ("('Content-Type', 'text/html')", "__import__('io').BytesIO(b'<p>')", True, page),
            ("('Content-Type', 'text/html')", "'<p>'", False, "<p>"),
            ("('Content-Type', 'text/html')", "['<p>']", True, "<p>"),
            ("('Content-Type', 'text/html; charset=utf-8')", "'<p>'", True, "<p>"),
            ("('Content-Type', 'text/html'), ('Content-Encoding', 'x')", "'<p>'", True, "<p>"),
            ("", "'<p>'", True, "<p>"),
        ):
            with self.subTest(headers=headers, content=content, injects=injects):
                source = f"def main(request, response): return [{headers}], {content}"
                sent = b"".join(answer(source, injects_script=injects).sent)
                self.assertEqual(sent.partition(b"\r\n\r\n")[2].decode(), expected)
        source = "def main(request, response): return [('Content-Type', 'text/html'), ('Content-Length', '3')], '<p>'"
        self.assertIn(b"Content-Length: 20\r\n", answer(source, injects_script=True).sent[0])

    def test_pipes_run_twice_on_what_a_handler_gives_and_once_on_what_it_sets(self):
        request = GET.replace(b"/a.py", b"/a.py?pipe=status(201)%7Cheader(a,b)&x=y")
        once = answer("def main(request, response): response.content = 'x'", request)
        twice = answer("def main(request, response): return 'x'", request)
        self.assertEqual((once.pipes, twice.pipes), (["status(201)|header(a,b)"], ["status(201)|header(a,b)"] * 2))

    def test_configuration_is_a_mapping_with_words_of_its_own_for_what_is_missing(self):
        source = ("def main(request, response):\n"
                  " config = request.server.config\n"
                  " try: config['none']\n"
                  " except ValueError: pass\n"
                  " return repr((config['ports']['http'][0], config.ports == config.get('ports'), 'none' in config,\n"
                  "  config.get('none'), sorted(config['domains_set']), type(config['domains_set']).__name__))")
        self.assertTrue(answer(source).sent[0].endswith(b"(8000, True, False, None, ['a', 'b'], 'frozenset')"))


if __name__ == "__main__":
    unittest.main()
