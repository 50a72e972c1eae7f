"""How `zeus serve` is set up: flags, then the environment, then a file; and its log."""

import json
import unittest

from serve_test import SPEC, ServeCase, ask


class SettingsTest(ServeCase):
    def levels(self, errors):
        # A request may be told of after its answer, and so after the note that the server ends.
        return sorted(json.loads(line)["level"] for line in errors.splitlines())

    def test_flags_come_before_the_environment_and_that_before_the_file(self):
        config = self.write("serve.toml", f'database = "sqlite:///{self.folder}/of_file.db"\nlog_level = "debug"\n'
                                          "lease_s = 60\nrequests_per_second = 1e6\nallow_unauthenticated = false\n")
        for arguments, env, name, level in (
                ((), {}, "of_file.db", "debug"),
                ((), {"ZEUS_BSO_DATABASE_URL": f"sqlite:///{self.folder}/of_env.db", "ZEUS_BSO_LOG_LEVEL": "INFO"},
                 "of_env.db", "info"),
                (("--database", f"sqlite:///{self.folder}/of_flag.db", "--log-level", "debug"),
                 {"ZEUS_BSO_DATABASE_URL": "sqlite:////no/such/folder/x.db", "ZEUS_BSO_LOG_LEVEL": "CRITICAL"},
                 "of_flag.db", "debug")):
            server = self.serve("--config", config, *arguments, env=env)
            self.assertEqual(ask(server.connect(), "GET", "/health")[0], 200)
            code, errors = server.end()
            self.assertEqual((code, (self.folder / name).exists()), (0, True))
            self.assertEqual(self.levels(errors), ["debug", "info"] if level == "debug" else ["info"])

    def test_levels_of_the_published_server(self):
        for level, told in (("NOTSET", ["debug", "info"]), ("DEBUG", ["debug", "info"]), ("WARN", []), ("CRITICAL", []),
                            ("nonsense", ["info"])):
            server = self.serve("--database", "memory:", env={"ZEUS_BSO_LOG_LEVEL": level})
            ask(server.connect(), "GET", "/health")
            self.assertEqual(self.levels(server.end()[1]), told, level)

    def test_a_request_that_is_logged_stays_one_line(self):
        server = self.serve("--database", "memory:", "--log-level", "debug")
        ask(server.connect(), "GET", "/jobs/%22%0A%7B?after=\"\\")
        line = next(line for line in map(json.loads, server.end()[1].splitlines()) if line["level"] == "debug")
        self.assertEqual((line["method"], line["target"], line["status"]), ("GET", "/jobs/%22%0A%7B?after=\"\\", 404))
        self.assertGreaterEqual(line["time_us"], 0)

    def test_a_wrong_file_is_told_with_its_place(self):
        for text, message in (
                ('listen = "nowhere"', ":1:10: listen: expected HOST:PORT"),
                ("\nlog_level = \"loud\"", ":2:13: log_level: expected one of error, warning, info, debug, found \"loud\""),
                ("lease_s = -1", ":1:11: lease_s: expected a number from 0"),
                ("lease_s = \"x\"", ":1:11: lease_s: expected a number, found a text"),
                ("requests_per_second = 0.5", ":1:23: requests_per_second: expected a number from 1"),
                ("file = \"memory:\"", ":1:1: file: there is no such key; there are: allow_unauthenticated, database,"),
                ("listen = ", ":1:10:"),
                ("listen = 30100", ":1:10: listen: expected a text")):
            with self.subTest(text):
                config = self.write("serve.toml", text)
                self.fails(1, f"{config}{message}", "serve", "--config", config, "--database", "memory:")
        self.fails(1, "absent.toml", "serve", "--config", self.folder / "absent.toml")
        self.write("serve.toml", 'listen = "0.0.0.0:0"')
        self.fails(2, "--allow-unauthenticated", "serve", "--config", self.folder / "serve.toml", "--database", "memory:")

    def test_whoever_asks_too_much_has_to_wait(self):
        connection = self.serve("--database", "memory:", "--requests-per-second", "5").connect()
        statuses = [ask(connection, "GET", "/health")[0] for _ in range(200)]
        self.assertEqual(set(statuses), {200, 429})
        self.assertEqual(statuses[:5], [200] * 5)
        connection.request("POST", "/jobs", json.dumps(SPEC))
        answer = connection.getresponse()
        told = json.loads(answer.read())
        self.assertEqual((answer.status, answer.headers["Retry-After"], told), (429, "1", {"detail": "too many requests"}))
        unlimited = self.serve("--database", "memory:").connect()
        self.assertEqual({ask(unlimited, "GET", "/health")[0] for _ in range(200)}, {200})


if __name__ == "__main__":
    unittest.main()
