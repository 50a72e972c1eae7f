"""`zeus run --server`: a job whose batch sizes `zeus serve` chooses, across runs."""

import json
import re
import signal
import socket
import unittest

import toy_training
from run_case import RunCase, wait_until
from serve_test import Server, ask

JOB = "birds/tiny/sgd"


class ServedCase(RunCase):
    def serve(self, *arguments):
        server = Server("--listen", "127.0.0.1:0", "--database", f"sqlite:///{self.folder}/jobs.db", *arguments)
        self.addCleanup(server.process.communicate)
        self.addCleanup(server.process.kill)
        self.addCleanup(server.close_connections)
        self.assertIsNotNone(server.address, server.line)
        return server

    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def url(self):
        return "http://{}:{}".format(*self.server.address)

    def served(self, *arguments, **options):
        return self.run_job("--server", self.url(), *arguments, **options)

    def get(self, target):
        status, answer = ask(self.server.connect(), "GET", target)
        self.assertEqual(status, 200, answer)
        return answer

    def job_of(self, name=JOB):
        return self.get("/jobs/" + name.replace("/", "%2F"))

    def trials(self, name=JOB):
        return self.get("/jobs/" + name.replace("/", "%2F") + "/trials?limit=1000")["trials"]

    def folders(self):
        return sorted(self.folder.glob("logs*/birds+tiny+*"), key=lambda each: each.stat().st_mtime_ns)

    def entries(self):
        return [entry for folder in self.folders() for entry in self.history(folder)["entries"]]


class LearningTest(ServedCase):
    def test_the_server_has_what_was_tried_and_the_next_run_goes_on(self):
        """Trials equal tries; exploration is done, and the cheapest batch size is what is run, invocation after
        invocation."""
        for i, recurrences in enumerate((1, 9, 10)):
            done = self.served("--quiet", "--recurrences", recurrences, "--eta", 1, logs=f"logs{i}")
            self.assertEqual(done.returncode, 0, done.stderr)
        entries, trials = self.entries(), self.trials()
        self.assertEqual(len(entries), len(trials))
        self.assertGreaterEqual(len(entries), 20)
        cheapest = None
        for entry, trial in zip(entries, trials):
            self.assertEqual(entry["batch_size"], trial["batch_size"], entry)
            self.assertEqual(trial["status"], "succeeded")
            if entry["num_epochs"]:
                self.assertEqual((entry["energy_J"], entry["time_s"], entry["reached"]),
                                 (trial["energy_J"], trial["time_s"], trial["converged"]), entry)
            if trial["converged"]:
                cheapest = min(trial["cost_J"], cheapest or trial["cost_J"])
        job = self.job_of()
        self.assertEqual((job["stage"], job["min_cost_J"]), ("bandit", cheapest))
        self.assertEqual(job["gpu_model"], "Tesla V100-PCIE-32GB")
        self.assertEqual({entry["batch_size"] for entry in entries}, set(toy_training.WORLD))

    def test_two_at_once_share_a_job(self):
        running = [self.start("--server", self.url(), "--quiet", "--recurrences", "12", logs=f"logs{i}")
                   for i in range(2)]
        for process in running:
            _, errors = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, errors)
        trials = self.trials()
        self.assertEqual(len(trials), len(self.entries()))
        self.assertEqual([trial["trial_number"] for trial in trials], list(range(1, len(trials) + 1)))
        self.assertEqual({trial["status"] for trial in trials}, {"succeeded"})

    def test_the_job_has_a_name_of_its_own_and_a_table_is_printed(self):
        done = self.served("--recurrences", "1", "--job-id", "mine", "--seed", "3", "--window", "5", "--beta", "inf")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("policy server", done.stdout)
        job = self.job_of("mine")
        self.assertEqual((job["mab_seed"], job["window_size"], job["beta_knob"]), (3, 5, None))
        document = json.loads(self.served("--recurrences", "1", "--job-id", "mine", "--seed", "3", "--window", "5",
                                          "--beta", "inf", "--json", "--quiet", logs="more").stdout)
        self.assertEqual(document["batch_policy"], "server")


class FailureTest(ServedCase):
    def test_a_training_that_fails_gives_its_trial_up(self):
        done = self.served("--recurrences", "4", toy="fail@rec02+try01")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("CUDA error: out of memory", done.stderr)
        self.assertEqual([each["status"] for each in self.trials()], ["succeeded", "failed"])
        command = re.search(r"go on with: (.*)", done.stderr)[1]
        self.assertIn("--recurrences 3", command)
        self.assertNotIn("--resume", command)
        again = self.served("--quiet", "--recurrences", "3", logs="logs2")
        self.assertEqual(again.returncode, 0, again.stderr)
        # What was given up is asked for again.
        trials = self.trials()
        self.assertEqual(trials[1]["batch_size"], trials[2]["batch_size"])

    def test_ctrl_c_gives_the_trial_up(self):
        process = self.start("--server", self.url(), toy="hang@rec01+try01",
                             preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        wait_until(self.pids)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertEqual([each["status"] for each in self.trials()], ["failed"])

    def test_a_server_that_goes_and_comes_back_is_waited_for(self):
        process = self.start("--server", self.url(), "--recurrences", "200", "--eta", 1, toy="slow")
        wait_until(lambda: len(self.pids()) > 3)
        host, port = self.server.address
        self.server.end(signal.SIGKILL)
        line = ""
        while "asking again" not in line:
            line = process.stderr.readline()
            self.assertTrue(line, "it ended without waiting")
        again = Server("--listen", f"{host}:{port}", "--database", f"sqlite:///{self.folder}/jobs.db")
        self.addCleanup(again.process.communicate)
        self.addCleanup(again.process.kill)
        self.addCleanup(again.close_connections)
        self.server = again
        count = len(self.trials())
        wait_until(lambda: len(self.trials()) > count + 3)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        entries = self.entries()
        succeeded = [each for each in self.trials() if each["status"] == "succeeded"]
        self.assertEqual([(each["batch_size"], each["energy_J"]) for each in entries if each["num_epochs"]],
                         [(each["batch_size"], each["energy_J"]) for each in succeeded][:len(entries)])

    def test_what_cannot_be(self):
        for arguments, message in ((("--resume", "x"), "--resume"), (("--dry-run",), "--dry-run"),
                                   (("--batch-policy", "default"), "--batch-policy"), (("--plugin", "x"), "--plugin"),
                                   (("--server", "nonsense"), "expected http://HOST:PORT or unix:FILE")):
            with self.subTest(arguments):
                where = () if "--server" in arguments else ("--server", self.url())
                done = self.run_job(*where, *arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(message, done.stderr)
        self.assertEqual(self.run_job("--job-id", "x").returncode, 2)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        done = self.run_job("--server", f"http://127.0.0.1:{port}")
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"http://127.0.0.1:{port}: ", done.stderr)
        self.assertEqual(self.served("--quiet", "--recurrences", "1", "--eta", "1").returncode, 0)
        before = self.folders()
        done = self.served("--recurrences", "1", "--eta", "0.5")
        self.assertEqual(done.returncode, 1)
        self.assertIn("409", done.stderr)
        self.assertEqual(self.folders(), before)

    def test_a_token_is_sent(self):
        self.server.end()
        key = self.write("key", "secret secret secret secret secret secret")
        key.chmod(0o600)
        self.server = self.serve("--signing-key-path", key)
        token = self.succeeds("token", "issue", "--signing-key-path", key, "--user", "alice", "--scope",
                              "jobs-train,jobs-read", "--expires", "1h")
        done = self.served("--recurrences", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("401", done.stderr)
        done = self.served("--recurrences", "1", "--token-file", self.write("token", token))
        self.assertEqual(done.returncode, 0, done.stderr)


del RunCase

if __name__ == "__main__":
    unittest.main()
