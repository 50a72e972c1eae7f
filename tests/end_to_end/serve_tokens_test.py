"""`zeus serve --signing-key-path`: who may do what with which token."""

import base64
import hashlib
import hmac
import json
import time
import unittest

from serve_test import SPEC, ServeCase, Server
from zeus_program import run

SCOPES = ("jobs-read", "jobs-train", "jobs-delete")
# A route of each scope, and what it answers to one who may.
ROUTES = {"jobs-read": [("GET", "/jobs", None), ("GET", "/jobs/birds", None), ("GET", "/jobs/birds/trials", None),
                        ("GET", "/metrics", None)],
          "jobs-train": [("POST", "/jobs", SPEC), ("GET", "/jobs/batch_size?job_id=birds", None),
                         ("POST", "/report", {"job_id": "birds", "batch_size": 16, "trial_number": 1, "energy": 1,
                                              "time": 1, "metric": 0, "current_epoch": 1}),
                         ("PATCH", "/trials", {"job_id": "birds", "batch_size": 16, "trial_number": 1})],
          "jobs-delete": [("DELETE", "/jobs?job_id=birds", None)]}


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(key, payload, algorithm="HS256"):
    """A token of our own making, by another implementation."""
    message = f"{part({'typ': 'JWT', 'alg': algorithm})}.{part(payload)}"
    return f"{message}.{part(hmac.new(key, message.encode(), hashlib.sha256).digest())}"


class TokensTest(ServeCase):
    def setUp(self):
        super().setUp()
        self.key = b"a key that\nends a line\n"
        self.key_file = self.write("key", self.key)
        self.key_file.chmod(0o600)
        self.server = self.serve("--database", "memory:", "--signing-key-path", self.key_file)
        self.connection = self.server.connect()

    def issue(self, *scopes, expires="1h"):
        return self.succeeds("token", "issue", "--signing-key-path", self.key_file, "--user", "alice", "--scope",
                             ",".join(scopes), "--expires", expires).strip()

    def ask(self, header, method="GET", target="/jobs", body=None):
        headers = {} if header is None else {"Authorization": header}
        self.connection.request(method, target, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        self.realm = answer.headers["WWW-Authenticate"]
        text = answer.read()
        return answer.status, json.loads(text) if answer.headers["Content-Type"] == "application/json" else None

    def test_each_scope_allows_its_routes_and_no_other(self):
        self.assertEqual(self.ask("Bearer " + self.issue("jobs-train"), "POST", "/jobs", SPEC)[0], 201)
        for scope, routes in ROUTES.items():
            for method, target, body in routes:
                others = [other for other in SCOPES if other != scope]
                with self.subTest(method=method, target=target):
                    self.assertEqual(self.ask("Bearer " + self.issue(*others), method, target, body), (403, {
                        "error": f"Token for user 'alice' lacks required scope '{scope}'. Token scopes: {others}"}))
                    status = self.ask("Bearer " + self.issue(scope), method, target, body)[0]
                    self.assertIn(status, (200, 201))

    def test_who_is_refused_and_why(self):
        payload = {"sub": "bob", "scopes": ["jobs-read"]}
        now = int(time.time())
        required = "Authentication required. Provide an Authorization: Bearer <token> header."
        for header, error in (
                (None, required), ("", required), ("bearer " + signed(self.key, payload), required),
                ("Basic YTpi", required), ("Bearer", required), ("Bearer x", "Invalid token: InvalidToken"),
                ("Bearer  " + signed(self.key, payload), "Invalid token: Base64 error"),
                ("Bearer " + signed(b"another", payload), "Invalid token: InvalidSignature"),
                ("Bearer " + signed(self.key.strip(), payload), "Invalid token: InvalidSignature"),
                ("Bearer " + signed(self.key, payload, "none"), "Invalid token: InvalidAlgorithm"),
                ("Bearer " + signed(self.key, payload, "HS512"), "Invalid token: InvalidAlgorithm"),
                ("Bearer " + signed(self.key, payload | {"exp": now - 61}), "Token has expired."),
                ("Bearer " + signed(self.key, payload | {"aud": "zeusd"}), "Invalid token: InvalidAudience"),
                ("Bearer " + signed(self.key, payload).rsplit(".", 1)[0] + ".", "Invalid token: InvalidSignature")):
            with self.subTest(header):
                self.assertEqual(self.ask(header), (401, {"error": error}))
                self.assertEqual(self.realm, 'Bearer realm="zeus"')
        for extra in ({}, {"exp": now - 30}, {"exp": now + 30}, {"nbf": now + 1000}):
            self.assertEqual(self.ask("Bearer " + signed(self.key, payload | extra))[0], 200, extra)

    def test_what_needs_no_token(self):
        for target in ("/health", "/ready", "/openapi.json"):
            self.assertEqual(self.ask(None, target=target)[0], 200, target)
        self.assertEqual(self.ask(None, target="/")[0], 200)
        self.assertEqual(self.ask(None, target="/no/such/route")[0], 404)
        document = self.ask(None, target="/openapi.json")[1]
        self.assertEqual(document["paths"]["/jobs"]["delete"]["security"], [{}, {"token": ["jobs-delete"]}])
        self.assertNotIn("security", document["paths"]["/health"]["get"])

    def test_what_is_issued_says_what_was_asked_for(self):
        header, payload, signature = self.issue("jobs-read", "jobs-delete", expires="1h 30m").split(".")
        decoded = [json.loads(base64.urlsafe_b64decode(text + "==")) for text in (header, payload)]
        self.assertEqual(decoded[0], {"typ": "JWT", "alg": "HS256"})
        self.assertEqual((decoded[1]["sub"], decoded[1]["scopes"]), ("alice", ["jobs-read", "jobs-delete"]))
        self.assertLessEqual(abs(decoded[1]["exp"] - time.time() - 5400), 60)
        message = f"{header}.{payload}"
        self.assertEqual(signature, part(hmac.new(self.key, message.encode(), hashlib.sha256).digest()))
        self.assertNotIn("exp", json.loads(base64.urlsafe_b64decode(self.issue("jobs-read", expires="never").split(".")[1] + "==")))

    def test_clients_send_theirs(self):
        url = "http://{}:{}".format(*self.server.address)
        token = self.issue(*SCOPES)
        self.ask("Bearer " + token, "POST", "/jobs", SPEC)
        self.fails(1, "401: Authentication required", "jobs", "list", "--server", url, env={"ZEUS_BSO_TOKEN": None})
        self.assertIn("birds", self.succeeds("jobs", "list", "--server", url, env={"ZEUS_BSO_TOKEN": token}))
        file = self.write("alice.token", token + "\n")
        self.assertIn("birds", self.succeeds("jobs", "show", "birds", "--server", url, "--token-file", file))
        self.fails(2, "a token is one word", "jobs", "list", "--server", url, env={"ZEUS_BSO_TOKEN": "a\r\nX: y"})
        self.fails(1, "absent", "jobs", "list", "--server", url, "--token-file", self.folder / "absent")
        self.fails(1, "lacks required scope 'jobs-delete'", "jobs", "delete", "birds", "--server", url,
                   env={"ZEUS_BSO_TOKEN": self.issue("jobs-read")})

    def test_keys_and_flags_that_cannot_be(self):
        issue = ("token", "issue", "--user", "a", "--scope", "jobs-read", "--expires", "1h", "--signing-key-path")
        empty = self.write("empty", "")
        self.fails(1, f"Signing key file '{empty}' is empty", *issue, empty)
        self.fails(1, "absent", *issue, self.folder / "absent")
        self.key_file.chmod(0o644)
        for command in ((*issue, self.key_file), ("serve", "--database", "memory:", "--signing-key-path", self.key_file)):
            self.fails(1, "everybody may read or change this signing key", *command)
        self.key_file.chmod(0o600)
        self.fails(2, "--scope all: expected some of jobs-read, jobs-train, jobs-delete", "token", "issue", "--user", "a",
                   "--scope", "jobs-read,all", "--expires", "1h", "--signing-key-path", self.key_file)
        self.fails(2, "Invalid duration 'soon'. Use e.g. '1h', '7d', '30d', or 'never'.", "token", "issue", "--user", "a",
                   "--scope", "jobs-read", "--expires", "soon", "--signing-key-path", self.key_file)
        self.assertEqual(run("token", "issue", "--user", "a").returncode, 2)

    def test_a_guarded_server_may_be_reached_by_others(self):
        server = self.serve("--database", "memory:", "--config", self.write(
            "serve.toml", f'signing_key_path = "{self.key_file}"\nlog_level = "warning"'))
        self.assertEqual(server.end(), (0, ""))
        other = self.serve_anywhere()
        self.assertTrue(other.line.startswith("Listening on http://0.0.0.0:"), other.line)
        self.assertEqual(other.end()[0], 0)

    def serve_anywhere(self):
        server = Server("--listen", "0.0.0.0:0", "--database", "memory:", "--signing-key-path", self.key_file)
        self.addCleanup(server.process.communicate)
        self.addCleanup(server.process.kill)
        return server


if __name__ == "__main__":
    unittest.main()
