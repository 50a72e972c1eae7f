"""`zeusd serve --signing-key-path` and `zeusd token issue`: who may do what with which token."""

import itertools
import json
import subprocess
import time
import unittest

from serve_tokens_test import signed
from zeus_program import environment
from zeusd_case import GROUPS, JSON, ROUTES, ZEUSD, ZeusdCase

REQUIRED = "Authentication required. Provide an Authorization: Bearer <token> header."


class ZeusdTokensTest(ZeusdCase):
    def setUp(self):
        super().setUp()
        self.key = b"a key that\nends a line\n"
        self.key_file = self.write("key", self.key)
        self.key_file.chmod(0o600)

    def guarded(self, *groups):
        self.serve("--signing-key-path", self.key_file, "--enable", ",".join(groups or GROUPS))

    def zeusd(self, *arguments):
        return subprocess.run([ZEUSD, *map(str, arguments)], capture_output=True, text=True, timeout=60, env=environment())

    def issue(self, *scopes, expires="1h"):
        done = self.zeusd("token", "issue", "--signing-key-path", self.key_file, "--user", "alice", "--scope",
                          ",".join(scopes), "--expires", expires)
        self.assertEqual((done.returncode, done.stderr, done.stdout.count("\n")), (0, "", 1))
        return done.stdout.strip()

    def with_token(self, token, method, target):
        return self.ask(method, target, headers={"Authorization": "Bearer " + token})

    def unauthorized(self, error, method, target, header):
        answer = self.ask(method, target, headers={} if header is None else {"Authorization": header})
        self.assertEqual((answer, self.headers["WWW-Authenticate"]), ((401, JSON, {"error": error}), 'Bearer realm="zeusd"'))

    def test_each_scope_allows_its_group_and_no_other(self):
        self.guarded()
        for count in range(1, 4):
            for scopes in itertools.combinations(GROUPS, count):
                token = self.issue(*scopes)
                for group, routes in ROUTES.items():
                    for method, target in routes:
                        with self.subTest(scopes=scopes, target=target):
                            status, _, body = self.with_token(token, method, target)
                            if group in scopes:
                                self.assertEqual(status, 200, body)
                            else:
                                self.assertEqual((status, body), (403, {
                                    "error": f"Token for user 'alice' lacks required scope '{group}'. "
                                             f"Token scopes: {list(scopes)}"}))

    def test_who_is_refused_and_why(self):
        self.guarded()
        payload = {"sub": "bob", "scopes": list(GROUPS)}
        expired = signed(self.key, payload | {"exp": int(time.time()) - 120})
        for header, error in ((None, REQUIRED), ("Basic YTpi", REQUIRED), ("bearer " + signed(self.key, payload), REQUIRED),
                              ("Bearer x", "Invalid token: InvalidToken"),
                              ("Bearer " + signed(b"another", payload), "Invalid token: InvalidSignature"),
                              ("Bearer " + signed(self.key, payload, "none"), "Invalid token: InvalidAlgorithm"),
                              ("Bearer " + expired, "Token has expired.")):
            for method, target in itertools.chain(*ROUTES.values(), [("GET", "/auth/whoami"), ("GET", "/nothing")]):
                with self.subTest(header=header, target=target):
                    self.unauthorized(error, method, target, header)
        for wrong in ({"scopes": ["all"]}, {"scopes": ["jobs-read"]}, {"sub": 1}):
            token = signed(self.key, payload | wrong)
            status, _, body = self.with_token(token, "GET", "/gpu/get_power")
            self.assertEqual(status, 401)
            self.assertIn("Invalid token: JSON error", body["error"])

    def test_the_order_of_checks(self):
        self.guarded("gpu-read")
        for token in ("nonsense", self.issue("cpu-read")):  # What is not enabled is told before anybody is asked.
            self.assertEqual(self.with_token(token, "GET", "/cpu/get_power"),
                             (404, JSON, {"error": "API group 'cpu-read' is not enabled on this server."}))
        self.assertEqual(self.ask("GET", "/time")[0], 200)
        self.assertEqual(self.ask("GET", "/discover")[2]["auth_required"], True)
        good, other = self.issue("gpu-read"), self.issue("cpu-read")
        self.assertEqual(self.with_token(other, "GET", "/gpu/get_power?wrong=1")[0], 403)
        self.assertEqual(self.with_token(good, "GET", "/gpu/get_power?wrong=1")[0], 400)
        self.assertEqual(self.with_token(other, "POST", "/gpu/nothing")[0], 403)
        self.assertEqual(self.with_token(good, "POST", "/gpu/nothing"), (404, None, ""))
        self.assertEqual(self.with_token(other, "GET", "/nothing"), (404, None, ""))

    def test_who_am_i(self):
        self.guarded()
        self.assertEqual(self.with_token(self.issue("cpu-read", "gpu-read", expires="never"), "GET", "/auth/whoami"),
                         (200, JSON, {"sub": "alice", "scopes": ["cpu-read", "gpu-read"]}))
        body = self.with_token(self.issue("gpu-read", expires="1h 30m"), "GET", "/auth/whoami")[2]
        self.assertEqual(list(body), ["sub", "scopes", "exp"])
        self.assertAlmostEqual(body["exp"], time.time() + 5400, delta=60)
        self.assertEqual(self.with_token(self.issue("gpu-read"), "GET", "/auth/nothing"), (404, None, ""))

    def test_a_token_is_not_looked_at_without_a_key(self):
        self.serve("--enable", "gpu-read")
        self.assertEqual(self.with_token("nonsense", "GET", "/gpu/get_power")[0], 200)
        self.assertEqual(self.with_token("nonsense", "GET", "/auth/whoami")[0], 404)

    def test_a_stream_needs_a_token_too(self):
        self.guarded()
        self.unauthorized(REQUIRED, "GET", "/gpu/stream_power", None)
        connection = self.daemon.connect()
        connection.request("GET", "/gpu/stream_power?gpu_ids=0",
                           headers={"Authorization": "Bearer " + self.issue("gpu-read")})
        answer = connection.getresponse()
        self.addCleanup(connection.close)
        self.addCleanup(answer.close)
        self.assertEqual((answer.status, json.loads(answer.readline()[6:])["gpu_id"]), (200, 0))

    def test_what_cannot_be_issued(self):
        issue = ("token", "issue", "--user", "a", "--signing-key-path", self.key_file)
        for arguments, message in (
                (("--scope", "gpu-read,all", "--expires", "1h"),
                 "--scope all: expected some of gpu-control, gpu-read, cpu-read"),
                (("--scope", "jobs-read", "--expires", "1h"), "--scope jobs-read: expected some of gpu-control"),
                (("--scope", "gpu-read", "--expires", "soon"),
                 "Invalid duration 'soon'. Use e.g. '1h', '7d', '30d', or 'never'."),
                (("--scope", "gpu-read"), "--expires is required")):
            done = self.zeusd(*issue, *arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, r"\Azeusd: [^\n]+\n\Z")
            self.assertIn(message, done.stderr)
        empty = self.write("empty", "")
        done = self.zeusd("serve", "--enable", "gpu-read", "--signing-key-path", empty, "--socket-path",
                          self.folder / "x.sock")
        self.assertEqual((done.returncode, done.stderr), (1, f"zeusd: Signing key file '{empty}' is empty\n"))
        self.assertIn("zeusd token issue --signing-key-path key --user alice --scope gpu-read,cpu-read",
                      self.zeusd("token", "issue", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
