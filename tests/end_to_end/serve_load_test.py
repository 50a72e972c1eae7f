"""`zeus serve` under load: 16 clients on 200 jobs, mixed with restarts. ZEUS_LOAD_SECONDS says for how long: 60, or 6
where sanitizers make all slower."""

import http.client
import json
import os
import pathlib
import random
import signal
import threading
import time
import unittest

from serve_test import SPEC, ServeCase, ask

SANITIZED = "sanitizers" in os.environ.get("ZEUS_BUILD", "")
SECONDS = float(os.environ.get("ZEUS_LOAD_SECONDS", "6" if SANITIZED else "60"))
CLIENTS = 16
JOBS = 200
LIVES = 4  # Of the server; every other one ends by kill -9.
MOST_GROWTH = 16 << 20  # Bytes that a server may take more at its end than early in its life.


def resident(process):
    """Bytes of memory."""
    return int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Client(threading.Thread):
    """Trains jobs that it shares with the others, on whatever server there is."""

    def __init__(self, test, number):
        super().__init__(daemon=True)
        self.test = test
        self.choice = random.Random(number)
        self.started = []  # (job, trial number), as told.
        self.reported = {}  # The same -> energy, once told that it is kept.
        self.trouble = None

    def run(self):
        while not self.test.over and self.trouble is None:
            try:
                connection = http.client.HTTPConnection(*self.test.server.address, timeout=30)
                while not self.test.over:
                    self.recurrence(connection)
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                time.sleep(0.01)  # Restarted.
            except BaseException as error:  # pylint: disable=broad-except
                self.trouble = error
            finally:
                connection.close()

    def ask(self, connection, wanted, *request):
        status, answer = ask(connection, *request)
        if status == 503:
            raise ConnectionError("it is stopping")
        if status not in wanted:
            raise AssertionError(f"{request}: {status} {answer}")
        return answer

    def recurrence(self, connection):
        name = f"birds{self.choice.randrange(JOBS)}"
        self.ask(connection, (200, 201), "POST", "/jobs", SPEC | {"job_id": name})
        trial = self.ask(connection, (200,), "GET", f"/jobs/batch_size?job_id={name}")
        key = (name, trial["trial_number"])
        self.started.append(key)
        if self.choice.random() < 0.1:
            self.ask(connection, (200,), "PATCH", "/trials", trial)
            return
        energy = 100 + trial["batch_size"] / 7 + trial["trial_number"] % 5
        for epoch in (1, 2):
            told = self.ask(connection, (200,), "POST", "/report", trial | {
                "energy": energy * epoch / 2, "time": epoch, "metric": epoch - 1, "current_epoch": epoch})
        if told["stop_train"]:
            self.reported[key] = energy
        if self.choice.random() < 0.1:
            self.ask(connection, (200,), "GET", f"/jobs/{name}/trials?limit=10")


class LoadTest(ServeCase):
    def test_no_update_is_lost_and_memory_stays_flat(self):
        self.over = False
        self.server = self.serve("--database", self.database())
        clients = [Client(self, number) for number in range(CLIENTS)]
        self.addCleanup(setattr, self, "over", True)
        began = time.monotonic()
        for client in clients:
            client.start()
        for life in range(LIVES):
            time.sleep(SECONDS / LIVES / 3)
            early = resident(self.server.process)
            time.sleep(SECONDS / LIVES * 2 / 3)
            late = resident(self.server.process)
            if not SANITIZED:  # The address sanitizer keeps what was freed, to notice its use.
                self.assertLess(late - early, MOST_GROWTH)
            if life + 1 == LIVES:
                self.over = True
                break
            how = signal.SIGKILL if life % 2 else signal.SIGTERM
            self.assertEqual(self.server.end(how)[0], -how if how == signal.SIGKILL else 0)
            self.server = self.serve("--database", self.database())
        for client in clients:
            client.join(timeout=60)
            self.assertFalse(client.is_alive(), "a client waits for ever")
            if client.trouble is not None:
                raise client.trouble
        seconds = time.monotonic() - began
        started = [key for client in clients for key in client.started]
        reported = {key: energy for client in clients for key, energy in client.reported.items()}
        print(f"{len(started)} trials, {len(reported)} results in {seconds:.1f} s; at the end {late / 2**20:.1f} MiB, "
              f"{(late - early) / 2**20:+.1f} in its last life", flush=True)
        self.assertEqual(len(started), len(set(started)), "a trial number was given out twice")
        self.assertGreater(len(reported), 10 * LIVES)
        kept = self.kept()
        self.assertLessEqual(set(started), kept.keys())
        self.assertLessEqual(reported.items(), kept.items())
        self.assertEqual(self.server.end()[0], 0)
        self.assertEqual(self.serve("--database", self.database()).end()[0], 0)  # Which checks that the database is whole.

    def kept(self):
        connection = self.server.connect()
        found, after = {}, ""
        while after is not None:
            jobs = ask(connection, "GET", f"/jobs?after={after}")[1]
            for job in jobs["jobs"]:
                last = 0
                while last is not None:
                    page = ask(connection, "GET", f"/jobs/{job['job_id']}/trials?limit=1000&after={last}")[1]
                    found |= {(job["job_id"], trial["trial_number"]): trial["energy_J"] for trial in page["trials"]}
                    last = page["next"]
            after = jobs["next"]
        return found


if __name__ == "__main__":
    unittest.main()
