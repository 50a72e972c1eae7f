"""`zeus serve`: a process of its own, over real sockets, killed at any moment."""

import http.client
import json
import os
import random
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import unittest
import urllib.parse

from zeus_program import HERE, TRACES, ZEUS, ZeusTest, environment, needs_traces, rows, run

KILLS = 50
THREADS = 4
SPEC = {"job_id": "birds", "job_id_prefix": "birds", "batch_sizes": [8, 16, 32], "default_batch_size": 16, "eta_knob": 1,
        "target_metric": 0.9, "mab_seed": 1, "max_power": 300, "number_of_gpus": 1, "gpu_model": "V100"}


class Server:
    """A running server; its address from what it prints."""

    def __init__(self, *arguments, cwd=None, env=None):
        self.process = subprocess.Popen([ZEUS, "serve", *map(str, arguments)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment(**(env or {})))
        self.connections = []
        self.line = self.process.stdout.readline()
        found = re.fullmatch(r"Listening on http://([\d.]+):(\d+)\n", self.line)
        self.address = (found[1], int(found[2])) if found else None

    def end(self, which=signal.SIGTERM):
        """The exit code, and what it wrote on standard error."""
        self.process.send_signal(which)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    def connect(self):
        self.connections.append(http.client.HTTPConnection(*self.address, timeout=60))
        return self.connections[-1]

    def close_connections(self):
        for connection in self.connections:
            connection.close()


def ask(connection, method, target, body=None):
    connection.request(method, target, None if body is None else json.dumps(body))
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


class ServeCase(ZeusTest):
    def serve(self, *arguments, **options):
        server = Server("--listen", "127.0.0.1:0", *arguments, **options)
        self.addCleanup(server.process.communicate)
        self.addCleanup(server.process.kill)
        self.addCleanup(server.close_connections)
        self.assertIsNotNone(server.address, server.line)
        return server

    def database(self):
        return f"sqlite:///{self.folder}/jobs.db"


class ServeTest(ServeCase):
    def test_published_routes_and_states(self):
        connection = self.serve("--database", "memory:").connect()
        self.assertEqual(ask(connection, "GET", "/health")[0], 200)
        self.assertEqual(ask(connection, "GET", "/ready")[0], 200)
        self.assertEqual(ask(connection, "GET", "/jobs/batch_size?job_id=birds"),
                         (400, {"message": "Unknown job(birds). Please register the job first"}))
        status, job = ask(connection, "POST", "/jobs", SPEC)
        self.assertEqual((status, job["beta_knob"], job["window_size"]), (201, 2.0, 0))
        self.assertEqual(ask(connection, "POST", "/jobs", job), (200, job))
        self.assertEqual(ask(connection, "POST", "/jobs", SPEC | {"eta_knob": 0.5})[0], 409)
        status, trial = ask(connection, "GET", "/jobs/batch_size?job_id=birds")
        self.assertEqual((status, trial), (200, {"job_id": "birds", "batch_size": 16, "trial_number": 1}))
        report = trial | {"energy": 100, "time": 1, "metric": 0.5, "current_epoch": 1}
        self.assertEqual(ask(connection, "POST", "/report", report)[1]["stop_train"], False)
        self.assertEqual(ask(connection, "PATCH", "/trials", trial), (200, None))
        self.assertEqual(ask(connection, "PATCH", "/trials", trial | {"trial_number": 9})[0], 404)
        self.assertEqual(ask(connection, "POST", "/report", report)[0], 400)
        self.assertEqual(ask(connection, "POST", "/report", report | {"energy": "x"})[0], 422)
        self.assertEqual(ask(connection, "GET", "/jobs/batch_size")[0], 422)
        self.assertEqual(ask(connection, "GET", "/jobs?limit=1")[1]["next"], None)
        self.assertEqual(ask(connection, "GET", "/jobs/birds/trials")[1]["trials"][0]["status"], "failed")
        self.assertEqual(ask(connection, "GET", "/jobs/unknown")[0], 404)
        self.assertEqual(ask(connection, "GET", "/nothing"), (404, {"detail": "Not Found"}))
        self.assertEqual(ask(connection, "DELETE", "/jobs?job_id=birds"), (200, None))
        self.assertEqual(ask(connection, "DELETE", "/jobs?job_id=birds"), (404, {"message": "No job was deleted."}))

    def test_nan_and_text_that_is_none_are_refused(self):
        connection = self.serve("--database", "memory:").connect()
        for body in (b'{"max_power": NaN}', b'\xff', b'', b'[' * 10000, json.dumps(SPEC | {"max_power": "inf"}).encode()):
            connection.request("POST", "/jobs", body)
            answer = connection.getresponse()
            self.assertEqual((answer.status, "detail" in json.loads(answer.read())), (422, True), body[:20])
        self.assertEqual(ask(connection, "POST", "/jobs", SPEC | {"job_id": "birds'; DROP TABLE jobs; --"})[0], 201)

    def test_it_ends_gracefully_and_remembers(self):
        for which in (signal.SIGTERM, signal.SIGINT):
            server = self.serve("--database", self.database())
            connection = server.connect()
            self.assertIn(ask(connection, "POST", "/jobs", SPEC)[0], (200, 201))
            number = ask(connection, "GET", "/jobs/batch_size?job_id=birds")[1]["trial_number"]
            code, errors = server.end(which)
            line = json.loads(errors)
            self.assertEqual((code, line["level"], line["message"]), (0, "info", "finishing what is under way"))
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(number, 2)

    def test_a_trial_that_is_not_heard_of_is_given_up_also_by_the_next_server(self):
        server = self.serve("--database", self.database())
        connection = server.connect()
        ask(connection, "POST", "/jobs", SPEC)
        trial = ask(connection, "GET", "/jobs/batch_size?job_id=birds")[1]
        server.end(signal.SIGKILL)
        connection = self.serve("--database", self.database(), "--lease", "0.001").connect()
        time.sleep(0.01)
        again = ask(connection, "GET", "/jobs/batch_size?job_id=birds")[1]
        self.assertEqual(again, {**trial, "trial_number": 2})
        trials = ask(connection, "GET", "/jobs/birds/trials")[1]["trials"]
        self.assertEqual([each["status"] for each in trials], ["failed", "dispatched"])

    def test_a_log_that_nobody_reads_holds_up_nobody(self):
        server = self.serve("--database", "memory:", "--log-level", "debug")
        connection = server.connect()
        for _ in range(2000):  # Of 100 bytes and more, and a pipe takes 64 KiB.
            self.assertEqual(ask(connection, "GET", "/jobs?limit=1")[0], 200)
        read = os.read(server.process.stderr.fileno(), 1 << 16).decode()
        self.assertEqual(ask(connection, "GET", "/no/such/" + "x" * 10000)[0], 404)
        code, errors = server.end()
        lines = [json.loads(line) for line in (read + errors).splitlines()]
        self.assertEqual(code, 0)
        self.assertTrue([line for line in lines if "lines were dropped: nobody read them" in line["message"]], lines[-3:])

    def test_what_cannot_be_served_is_told(self):
        server = self.serve("--database", self.database())
        self.fails(1, "another process has it open", "serve", "--listen", "127.0.0.1:0", "--database", self.database())
        port = server.address[1]
        self.fails(1, "cannot listen on 127.0.0.1", "serve", "--listen", f"127.0.0.1:{port}", "--database", "memory:")
        self.fails(2, "expected HOST:PORT", "serve", "--listen", "nonsense")
        self.fails(2, "expected sqlite:///FILE", "serve", "--database", "mysql://x")
        text = self.write("text.db", "not a database" * 1000)
        self.fails(1, "text.db", "serve", "--database", f"sqlite:///{text}")

    def test_a_database_that_contradicts_itself_is_not_served(self):
        server = self.serve("--database", self.database())
        connection = server.connect()
        ask(connection, "POST", "/jobs", SPEC)
        ask(connection, "GET", "/jobs/batch_size?job_id=birds")
        server.end()
        with sqlite3.connect(self.folder / "jobs.db") as database:
            database.execute("UPDATE jobs SET last_trial_number = 0")
        database.close()
        self.fails(1, "trial 1 has a number that was not given out", "serve", "--database", self.database())

    def test_a_unix_socket_alone(self):
        path = self.folder / "zeus.sock"
        server = Server("--socket", path, "--database", "memory:")
        self.addCleanup(server.process.communicate)
        self.addCleanup(server.process.kill)
        self.assertEqual(server.line, f"Listening on {path}\n")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")
            self.assertTrue(client.recv(4096).startswith(b"HTTP/1.1 200 OK"))
        self.assertEqual(server.end()[0], 0)
        self.assertFalse(path.exists())

    def test_every_request_is_logged_when_asked_for(self):
        server = self.serve("--database", "memory:", "--log-level", "debug")
        ask(server.connect(), "GET", "/health?x=%22%0a")
        # It may be written after the answer, and so after the note that the server ends.
        line = json.loads(next(line for line in server.end()[1].splitlines() if "method" in line))
        self.assertEqual((line["method"], line["status"]), ("GET", 200))

    def test_examples_of_the_help_serve(self):
        examples = re.findall(r"^  (zeus serve.*)$", self.succeeds("serve", "--help"), re.M)
        self.assertEqual(len(examples), 4)
        self.write("serve.toml", 'listen = "127.0.0.1:0"\ndatabase = "memory:"\n')
        for example in examples:
            words = shlex.split(example)[2:]
            if not words:
                words = ["--listen", "127.0.0.1:0"]  # Its own port may be taken.
            server = Server(*words, cwd=self.folder, env={"XDG_DATA_HOME": str(self.folder / "data")})
            self.assertTrue(server.line.startswith("Listening on "), example)
            self.assertEqual(server.end()[0], 0, example)
        self.assertTrue((self.folder / "data" / "zeus" / "batch_sizes.db").exists())

    def test_commands_of_the_page_answer_what_it_says(self):
        text = (HERE.parents[1] / "docs" / "http-api.md").read_text()
        blocks = re.findall(r"^```(bash|json)\n(.*?)^```$", text, re.M | re.S)
        connection = self.serve("--database", self.database()).connect()
        answered = 0
        for language, block in blocks:
            if language == "json":
                self.assertEqual(answer, json.loads(block))
                continue
            for words in map(shlex.split, block.splitlines()):
                if words[0] == "zeus":
                    continue
                self.assertEqual(words[0], "curl")
                body = words[words.index("-d") + 1] if "-d" in words else None
                method = words[words.index("-X") + 1] if "-X" in words else "GET"
                url = urllib.parse.urlsplit(next(word for word in words if word.startswith("http://127.0.0.1:30100/")))
                status, answer = ask(connection, method, f"{url.path}?{url.query}", body and json.loads(body))
                self.assertLess(status, 300, words)
                answered += 1
        self.assertGreater(answered, 8)


class JobsTest(ServeCase):
    """`zeus jobs`, the command line's view of a server."""

    def jobs(self, server, *arguments):
        return self.succeeds("jobs", *arguments, env={"ZEUS_SERVER": "http://{}:{}".format(*server.address)})

    def test_jobs_are_listed_shown_and_deleted(self):
        server = self.serve("--database", "memory:")
        self.assertEqual(self.jobs(server, "list"), "No job is registered.\n")
        connection = server.connect()
        ask(connection, "POST", "/jobs", SPEC)
        ask(connection, "POST", "/jobs", SPEC | {"job_id": "birds \x1b[2J\u009b", "eta_knob": 0.5})
        for recurrence in range(7):
            trial = ask(connection, "GET", "/jobs/batch_size?job_id=birds")[1]
            ask(connection, "POST", "/report", trial | {
                "energy": 1000 * trial["batch_size"] + 10 * recurrence, "time": 1, "metric": 1, "current_epoch": 1})
        rows = [line.split() for line in self.jobs(server, "list").splitlines()]
        self.assertEqual(rows[2], ["birds", "bandit", "3", "7", "8", "8.01", "kJ"])
        self.assertEqual(rows[3], ["birds", "?[2J??", "exploration", "3", "0", "-", "-"])
        shown = self.jobs(server, "show", "birds")
        self.assertTrue(shown.startswith("birds: bandit, 7 trials, default batch size 16\n"), shown)
        self.assertRegex(shown, r"\n +8 +4 +4 +8\.\d+ kJ +8\.01 kJ +8\.\d+ kJ ± [\d.]+ J\n")
        self.assertRegex(shown, r"\nAgainst the default batch size each time: energy [-+][\d.]+%, time [-+][\d.]+%\n$")
        self.assertEqual(json.loads(self.jobs(server, "show", "birds", "--json"))["stage"], "bandit")
        self.assertEqual(len(json.loads(self.jobs(server, "list", "--json"))["jobs"]), 2)
        self.assertEqual(self.jobs(server, "delete", "birds"), "Deleted, with its trials.\n")
        self.assertEqual(len(json.loads(self.jobs(server, "list", "--json"))["jobs"]), 1)

    def test_what_goes_wrong_is_told(self):
        server = self.serve("--database", "memory:")
        url = "http://{}:{}".format(*server.address)
        self.fails(1, f"{url}: GET /jobs/birds: 404: there is no such job", "jobs", "show", "birds", "--server", url)
        self.fails(1, "No job was deleted.", "jobs", "delete", "birds", "--server", url)
        self.fails(2, "server localhost: expected http://HOST:PORT or unix:FILE", "jobs", "list", "--server", "localhost")
        server.end()
        self.fails(1, f"{url}: ", "jobs", "list", "--server", url)


class SimulateParityTest(ServeCase):
    """The recorded job over HTTP: the decisions of `zeus simulate`."""

    def databases(self):
        return "memory:", self.database()

    @needs_traces
    def test_the_same_batch_sizes_as_a_simulation(self):
        history = rows(run("simulate", "--workload", "librispeech", "--gpu", "v100", "--b0", 192, "--eta", 0.5, "--beta", 2,
                           "--seed", 1, "--csv", "-").stdout)
        sizes = {int(row["batch_size"]) for row in rows((TRACES / "summary_train.csv").read_text())
                 if row["dataset"] == "librispeech"}
        powers = rows((TRACES / "summary_power_v100.csv").read_text())
        sizes &= {int(row["batch_size"]) for row in powers if row["dataset"] == "librispeech"}
        spec = {"job_id": "librispeech", "job_id_prefix": "librispeech", "batch_sizes": sorted(sizes),
                "default_batch_size": 192, "eta_knob": 0.5, "beta_knob": 2.0, "target_metric": 40.0,
                "higher_is_better_metric": False, "max_epochs": 16, "mab_seed": 1, "number_of_gpus": 1,
                "max_power": max(float(row["power_limit"]) for row in powers), "gpu_model": "V100"}
        for database in self.databases():
            connection = self.serve("--database", database).connect()
            self.assertEqual(ask(connection, "POST", "/jobs", spec)[0], 201)
            for number, row in enumerate(history, 1):
                trial = ask(connection, "GET", "/jobs/batch_size?job_id=librispeech")[1]
                self.assertEqual(trial, {"job_id": "librispeech", "batch_size": int(row["bs"]), "trial_number": number})
                status, verdict = ask(connection, "POST", "/report", trial | {
                    "energy": float(row["energy_J"]), "time": float(row["time_s"]),
                    "metric": 39.0 if row["reached"] == "1" else 41.0, "current_epoch": 16})
                self.assertEqual((status, verdict["stop_train"], verdict["converged"]), (200, True, row["reached"] == "1"))
            self.assertEqual(ask(connection, "GET", "/jobs/librispeech")[1]["stage"], "bandit")


class KillTest(ServeCase):
    """Clients that train, and a server that dies under them."""

    def test_nothing_acknowledged_is_lost(self):
        choice = random.Random(7)
        self.lock = threading.Lock()
        self.started = set()  # (job, trial number) that a client was told.
        self.reported = {}  # What a client was told is done: (job, trial number) -> energy.
        for kill in range(KILLS):
            server = self.serve("--database", self.database())
            self.check(server)
            before = len(self.reported)
            threads = [threading.Thread(target=self.train, args=(server, thread)) for thread in range(THREADS)]
            for thread in threads:
                thread.start()
            self.wait(lambda: len(self.reported) > before + 20)
            time.sleep(choice.random() * 0.1)
            self.assertEqual(server.end(signal.SIGKILL)[0], -signal.SIGKILL)
            for thread in threads:
                thread.join(timeout=60)
                self.assertFalse(thread.is_alive())
        server = self.serve("--database", self.database())
        self.check(server)
        self.assertEqual(server.end()[0], 0)

    def wait(self, condition):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)

    def train(self, server, thread):
        """Registers, asks and reports for two jobs, shared with others, until the server is gone."""
        try:
            connection = server.connect()
            for step in range(1 << 30):
                name = f"birds{(thread + step) % 2 + thread // 2}"
                ask(connection, "POST", "/jobs", SPEC | {"job_id": name})
                trial = ask(connection, "GET", f"/jobs/batch_size?job_id={name}")[1]
                key = (name, trial["trial_number"])
                with self.lock:
                    twice = key in self.started
                    self.started.add(key)
                if twice:
                    raise AssertionError(f"{key} was given out twice")
                energy = 100 + trial["batch_size"] / 7 + trial["trial_number"] % 5
                answer = ask(connection, "POST", "/report", trial | {
                    "energy": energy, "time": 1, "metric": 1, "current_epoch": 1})
                if answer[0] == 200 and answer[1]["stop_train"]:
                    with self.lock:
                        self.reported[key] = energy
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            pass  # Killed.
        except BaseException as error:  # pylint: disable=broad-except
            self.trouble = error

    trouble = None

    def check(self, server):
        """Every answer that was given still stands. (That the database is whole is checked by the server's start.)"""
        self.assertIsNone(self.trouble)
        connection = server.connect()
        there = {}
        for job in ask(connection, "GET", "/jobs")[1]["jobs"]:
            after = 0
            while after is not None:
                page = ask(connection, "GET", f"/jobs/{job['job_id']}/trials?after={after}")[1]
                there |= {(job["job_id"], trial["trial_number"]): trial["energy_J"] for trial in page["trials"]}
                after = page["next"]
        self.assertLessEqual(self.started, there.keys())
        self.assertLessEqual(self.reported.items(), {key: value for key, value in there.items() if value}.items())


if __name__ == "__main__":
    unittest.main()
