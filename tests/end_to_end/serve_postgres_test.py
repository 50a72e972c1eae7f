"""`zeus serve` on a PostgreSQL server of the test's own: servers that share it, and whoever of them dies."""

import http.client
import itertools
import os
import pathlib
import pwd
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import serve_test
from serve_test import SPEC, ask

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")
THREADS = 6
TRIALS = 300
POSTGRES_KILLS = 4
SERVER_KILLS = 12


class Postgres:
    """A PostgreSQL server in a temporary folder, on a Unix socket there. As root it runs as the user postgres."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="zeus_test.")
        self.prefix = ["setpriv", "--pdeathsig", "KILL"]
        if os.geteuid() == 0:
            self.prefix += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.count = itertools.count()
        subprocess.run([*self.prefix, PROGRAMS / "initdb", "--pgdata", f"{self.folder}/data", "--auth", "trust", "--username",
                        "zeus", "--encoding", "UTF8", "--no-sync"], check=True, capture_output=True, cwd="/")
        self.start()

    def start(self):
        self.run()
        end = time.monotonic() + 60
        while subprocess.run([PROGRAMS / "pg_isready", "-q", "-h", self.folder], check=False).returncode != 0:
            if time.monotonic() > end:
                raise AssertionError(pathlib.Path(self.folder, "log").read_text())
            if self.process.poll() is not None:
                self.run()  # What is left of a killed one has not ended yet.
            time.sleep(0.02)

    def run(self):
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen([*self.prefix, PROGRAMS / "postgres", "-D", f"{self.folder}/data", "-k",
                                             self.folder, "-c", "listen_addresses=", "-c", "shared_buffers=16MB"],
                                            stdout=log, stderr=log, cwd="/")

    def kill(self):
        """The postmaster alone, as a crash or the system's memory killer does; its children notice and end."""
        self.process.kill()
        self.process.wait(timeout=60)

    def url(self, name):
        """As the published server's configuration spells it."""
        return f"postgresql+asyncpg://zeus:secret@/{name}?host={self.folder}"

    def database(self):
        """The URL of a new one."""
        name = f"jobs{next(self.count)}"
        subprocess.run([PROGRAMS / "createdb", "-h", self.folder, "-U", "zeus", name], check=True)
        return self.url(name)

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def setUpModule():
    if not (PROGRAMS / "postgres").exists():
        raise unittest.SkipTest(f"PostgreSQL is not installed: there is no {PROGRAMS}/postgres")
    global postgres  # pylint: disable=global-variable-undefined
    postgres = Postgres()
    unittest.addModuleCleanup(postgres.remove)


class PostgresParityTest(serve_test.SimulateParityTest):
    """The decisions of `zeus simulate` on PostgreSQL, too."""

    def databases(self):
        return [postgres.database()]


class SharedDatabaseTest(serve_test.ServeCase):
    """Two servers on one database, and clients that train with both."""

    def setUp(self):
        super().setUp()
        self.url = postgres.database()
        self.servers = [self.serve("--database", self.url) for _ in range(2)]
        self.lock = threading.Lock()
        self.started = set()  # (job, trial number) that a client was told.
        self.reported = {}  # What a client was told is done: (job, trial number) -> energy.
        self.refused = []  # The bodies of 503.
        self.trouble = None
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.train, args=(index,)) for index in range(THREADS)]
        self.addCleanup(self.stop)
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=120)
            self.assertFalse(thread.is_alive())

    def train(self, index):
        """Registers, asks and reports for jobs that it shares with others, over either server; again where that fails."""
        try:
            turn = itertools.count(index)
            connection = None

            def request(*arguments):
                nonlocal connection
                while True:
                    try:
                        if connection is None:
                            address = self.servers[next(turn) % 2].address
                            connection = http.client.HTTPConnection(*address, timeout=60)
                        status, answer = ask(connection, *arguments)
                        if status != 503:
                            return status, answer
                        with self.lock:
                            self.refused.append(answer)
                    except (OSError, http.client.HTTPException):
                        pass  # Killed.
                    if connection is not None:
                        connection.close()
                        connection = None
                    if self.stopping.is_set():
                        return None, None
                    time.sleep(0.01)

            for step in itertools.count():
                if self.stopping.is_set():
                    break
                name = f"birds{(index + step) % 3}"
                status, _ = request("POST", "/jobs", SPEC | {"job_id": name})
                self.expect(status in (200, 201, None), status)
                status, trial = request("GET", f"/jobs/batch_size?job_id={name}")
                if status is None:
                    break
                self.expect(status == 200, trial)
                key = (name, trial["trial_number"])
                with self.lock:
                    self.expect(key not in self.started, f"{key} was given out twice")
                    self.started.add(key)
                energy = 100 + trial["batch_size"] / 7 + trial["trial_number"] % 5
                status, verdict = request("POST", "/report", trial | {
                    "energy": energy, "time": 1, "metric": 1, "current_epoch": 1})
                if status is None:
                    break
                # Also where it was kept at first, and only the answer was lost.
                self.expect((status, verdict["stop_train"]) == (200, True), verdict)
                with self.lock:
                    self.reported[key] = energy
            if connection is not None:
                connection.close()
        except BaseException as error:  # pylint: disable=broad-except
            self.trouble = error

    def expect(self, holds, otherwise):
        if not holds:
            raise AssertionError(otherwise)

    def wait(self, condition):
        end = time.monotonic() + 120
        while not condition():
            self.assertIsNone(self.trouble)
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)

    def wait_for_reports(self, more):
        target = len(self.reported) + more
        self.wait(lambda: len(self.reported) >= target)

    def check(self):
        """Every answer that was given still stands, with every server; a new one finds the database whole."""
        self.stop()
        self.assertIsNone(self.trouble)
        for server in [*self.servers, self.serve("--database", self.url)]:
            connection = server.connect()
            there = {}
            for job in ask(connection, "GET", "/jobs")[1]["jobs"]:
                after = 0
                while after is not None:
                    page = ask(connection, "GET", f"/jobs/{job['job_id']}/trials?after={after}&limit=1000")[1]
                    there |= {(job["job_id"], trial["trial_number"]): trial["energy_J"] for trial in page["trials"]}
                    after = page["next"]
            self.assertLessEqual(self.started, there.keys())
            self.assertLessEqual(self.reported.items(), there.items())
            self.assertEqual(server.end()[0], 0)

    def test_no_decision_is_lost_or_made_twice(self):
        self.wait_for_reports(TRIALS)
        self.check()
        self.assertEqual(self.refused, [])
        # Where nothing fails, every number is somebody's.
        for name in ("birds0", "birds1", "birds2"):
            numbers = sorted(number for job, number in self.started if job == name)
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)))

    def test_a_database_that_goes_away_and_comes_back(self):
        choice = random.Random(7)
        for _ in range(POSTGRES_KILLS):
            self.wait_for_reports(20)
            time.sleep(choice.random() * 0.1)
            before = len(self.refused)
            postgres.kill()
            try:
                self.wait(lambda: len(self.refused) > before + 5)
                for server in self.servers:
                    connection = server.connect()
                    self.assertEqual(ask(connection, "GET", "/health")[0], 200)
                    self.assertEqual(ask(connection, "GET", "/ready")[0], 503)
            finally:
                postgres.start()
            for server in self.servers:
                self.assertEqual(ask(server.connect(), "GET", "/ready")[0], 200)
        self.wait_for_reports(20)
        self.check()
        for body in self.refused:
            self.assertRegex(body["message"], r"^database jobs\d+ at /.*: ")
            self.assertNotIn("secret", body["message"])

    def test_servers_that_are_killed(self):
        choice = random.Random(8)
        for kill in range(SERVER_KILLS):
            self.wait_for_reports(10)
            time.sleep(choice.random() * 0.05)
            server = self.servers[kill % 2]
            server.process.kill()
            server.process.wait(timeout=60)
            self.wait_for_reports(10)  # The other goes on alone.
            self.servers[kill % 2] = self.serve("--database", self.url)  # It finds the database whole.
        self.check()


class RefusedDatabaseTest(serve_test.ServeCase):
    def test_databases_that_cannot_be_served_are_told(self):
        self.fails(1, 'database "nobody" does not exist', "serve", "--database", postgres.url("nobody"))
        self.fails(2, "expected postgresql://USER:PASSWORD@HOST:PORT/NAME", "serve", "--database", "postgresql://%zz")
        for code, message, rest in ((1, "database jobs at 127.0.0.1:1: ", "@127.0.0.1:1/jobs"),
                                    (2, "expected postgresql://", "@[::1/jobs")):
            failed = self.fails(code, message, "serve", "--database", "postgresql://zeus:secret" + rest)
            self.assertNotIn("secret", failed.stderr)


if __name__ == "__main__":
    unittest.main()
