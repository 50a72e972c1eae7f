"""`zeus serve` among clients that send anything: each is told what is wrong, and the others notice nothing."""

import http.client
import json
import resource
import socket
import threading
import time
import unittest

from serve_test import SPEC, ServeCase, ask

IDLE = 10_000


class HostileTest(ServeCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve("--database", self.database())
        self.connection = self.server.connect()
        ask(self.connection, "POST", "/jobs", SPEC)
        self.trial = ask(self.connection, "GET", "/jobs/batch_size?job_id=birds")[1]

    def raw(self, content):
        """What the server answers to these bytes before it closes, or before it waits for more."""
        with socket.create_connection(self.server.address, timeout=30) as connection:
            try:
                connection.sendall(content)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # It has heard enough.
            answer = b""
            try:
                while part := connection.recv(65536):
                    answer += part
            except ConnectionResetError:
                pass  # What we still sent when it had answered.
        return answer

    def send(self, method, target, body):
        connection = http.client.HTTPConnection(*self.server.address, timeout=30)
        self.addCleanup(connection.close)
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def test_wrong_values_are_named(self):
        report = self.trial | {"energy": 1, "time": 1, "metric": 1, "current_epoch": 1}
        for field, value in (("energy", "much"), ("energy", None), ("energy", [1]), ("time", -1), ("metric", {}),
                             ("current_epoch", 1.5), ("batch_size", "x"), ("trial_number", 1e300), ("job_id", None)):
            status, answer = self.send("POST", "/report", json.dumps(report | {field: value}))
            self.assertEqual((status, answer["detail"][0]["loc"]), (422, ["body", field]), (field, value, answer))
        for number in ("NaN", "Infinity", "-Infinity", "1e999"):
            text = json.dumps(report | {"energy": 0}).replace('"energy": 0', f'"energy": {number}')
            self.assertEqual(self.send("POST", "/report", text)[0], 422, number)
        # Unknown fields are not looked at; a job's rules are.
        self.assertEqual(self.send("POST", "/jobs", json.dumps(SPEC | {"colour": "red"}))[0], 200)
        self.assertEqual(self.send("POST", "/jobs", json.dumps(SPEC | {"batch_sizes": [8, 8, 16]}))[0], 422)
        self.assertEqual(self.send("POST", "/jobs", json.dumps(SPEC | {"default_batch_size": 7}))[0], 422)

    def test_bodies_that_are_no_json(self):
        for body in (b"", b"{", b"[]", b"null", b'"text"', b"{'a': 1}", b"\xff\xfe", b'{"job_id": "\xff"}',
                     b'{"job_id": "\\ud800"}', b"[" * 100_000, b'{"a":' * 50_000):
            status, answer = self.send("POST", "/jobs", body)
            self.assertEqual(status, 422, (body[:20], answer))

    def test_names_are_only_names(self):
        names = ("birds'; DROP TABLE jobs; --", 'birds" OR 1=1', "birds/../../etc", "birds?a=b&c#d", "birds%00", "birds\u202e\u0007",
                 "birds" + "x" * 100)
        for name in names:
            self.assertEqual(self.send("POST", "/jobs", json.dumps(SPEC | {"job_id": name}))[0], 201, name)
        known = {job["job_id"] for job in ask(self.connection, "GET", "/jobs")[1]["jobs"]}
        self.assertEqual(known, {"birds", *names})
        self.assertEqual(self.send("POST", "/jobs", json.dumps(SPEC | {"job_id": "birds" + "x" * 1000}))[0], 422)
        for target in ("/jobs/..%2f..%2fetc%2fpasswd", "/../etc/passwd", "/jobs/birds'%20OR%201=1"):
            self.assertEqual(self.send("GET", target, None)[0], 404, target)
        for target in ("/jobs/%", "/jobs/%ff", "/jobs/%00"):
            self.assertEqual(self.send("GET", target, None)[0], 400, target)

    def test_too_much_is_refused(self):
        body = json.dumps(SPEC | {"job_id_prefix": "x" * 10_000_000}).encode()
        head = b"POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
        self.assertTrue(self.raw(head % len(body) + body).startswith(b"HTTP/1.1 413 "))
        self.assertTrue(self.raw(head % (1 << 62)).startswith(b"HTTP/1.1 413 "))
        headers = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 100) for i in range(10_000))
        self.assertTrue(self.raw(b"GET /jobs HTTP/1.1\r\n" + headers + b"\r\n").startswith(b"HTTP/1.1 431 "))
        self.assertTrue(self.raw(b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 4"))

    def test_many_who_say_nothing_or_little_disturb_nobody(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < IDLE + 100:
            self.skipTest(f"this user may open {hard} files, and this needs {IDLE}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE + 100), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        self.server.end()
        self.server = self.serve("--database", self.database())  # Which inherits the limit.
        idle = []
        self.addCleanup(lambda: [each.close() for each in idle])
        for number in range(IDLE):
            idle.append(socket.create_connection(self.server.address, timeout=30))
            if number % 2:
                idle[-1].sendall(b"POST /report HTTP/1.1\r\nContent-Length: 100\r\n\r\n{")  # And then nothing.
        trickling = threading.Thread(target=self.trickle)
        trickling.start()
        connection = self.server.connect()
        began = time.monotonic()
        for _ in range(100):
            self.assertEqual(ask(connection, "GET", "/jobs/birds")[0], 200)
        self.assertLess(time.monotonic() - began, 30)
        trickling.join()
        self.assertEqual(ask(connection, "GET", "/ready")[0], 200)

    def trickle(self):
        with socket.create_connection(self.server.address, timeout=30) as slow:
            for byte in b"GET /jobs HTTP/1.1\r\nHost: a\r\n":
                slow.sendall(bytes([byte]))
                time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
