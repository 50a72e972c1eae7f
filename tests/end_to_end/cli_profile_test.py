"""`zeus profile`: the traces of a job that is really run."""

import signal
import subprocess
import unittest

import toy_training
from run_case import RunCase
from zeus_program import ZEUS, rows, started


class ProfileTest(RunCase):
    def profile(self, *arguments, toy="", job=None):
        return subprocess.run(
            [ZEUS, "profile", job or self.job, "--out", self.folder / "traces", "--gpu-name", "toy", *map(str, arguments)],
            env={**self.emulated, "TOY": toy}, cwd=self.folder, capture_output=True, text=True, timeout=120)

    def traced(self, name):
        return rows((self.folder / "traces" / name).read_text())

    def trainings(self):
        return len(self.pids())

    def test_the_traces_hold_what_the_training_is_like(self):
        done = self.profile("--runs", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("training rec01+try01 at batch size 8, seed 1\n", done.stdout)
        self.assertIn("10 train rows, 15 power rows", done.stderr)
        epochs = {int(row["batch_size"]): row["target_epoch"] for row in self.traced("summary_train.csv")}
        self.assertEqual(epochs, {size: str(target or "nan") for size, (target, _) in toy_training.WORLD.items()})
        for row in self.traced("summary_power_toy.csv"):
            seconds, watts = toy_training.WORLD[int(row["batch_size"])][1][int(float(row["power_limit"]))]
            self.assertAlmostEqual(float(row["time_per_epoch"]), seconds, places=9)
            self.assertEqual(float(row["average_power"]), watts)
        self.assertEqual(self.traced("workloads.csv")[0]["dataset"], "birds")

    def test_a_run_and_a_simulation_on_its_traces_decide_the_same(self):
        self.assertEqual(self.profile("--quiet").returncode, 0)
        self.finishes("--quiet", "--recurrences", "20")
        simulated = rows(self.succeeds("simulate", "--traces", self.folder / "traces", "--workload", "birds",
                                       "--recurrences", "20", "--csv", "-"))
        entries = [each for each in self.history()["entries"] if each["num_epochs"]]
        self.assertEqual(
            [(int(row["rec"]), int(row["try"]), int(row["bs"]), float(row["pl"]), row["reached"] == "1")
             for row in simulated],
            [(each["recurrence"], each["try"], each["batch_size"], each["power_limit_W"], each["reached"])
             for each in entries])
        self.assertIn((128, False), {(each["batch_size"], each["reached"]) for each in entries})

    def test_goes_on_after_a_failure(self):
        failed = self.profile(toy="fail@rec03+try02")
        self.assertEqual(failed.returncode, 1)
        self.assertIn("rec03+try02: the command ended with exit code 3", failed.stderr)
        self.assertIn("CUDA error: out of memory", failed.stderr)
        self.assertIn("finished runs are kept", failed.stderr)
        self.assertFalse((self.folder / "traces").exists())
        made = self.trainings()
        self.assertEqual(made, 6)
        self.assertEqual(self.profile().returncode, 0)
        # Two trainings a batch size; the one that failed is made again.
        self.assertEqual(self.trainings(), 11)
        self.assertEqual(len(self.traced("summary_train.csv")), 5)

    def test_an_interrupt(self):
        with started([ZEUS, "profile", self.job, "--out", self.folder / "traces"], stdout=subprocess.PIPE,
                     stderr=subprocess.PIPE, text=True, env={**self.emulated, "TOY": "hang@rec02+try01"},
                     cwd=self.folder) as process:
            while "hanging" not in process.stdout.readline():
                pass
            process.send_signal(signal.SIGTERM)
            _, error = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + signal.SIGTERM, error)
        self.assertIn("rec02+try01: interrupted", error)
        self.assertEqual(self.profile().returncode, 0)

    def test_traces_that_are_there(self):
        self.assertEqual(self.profile("--quiet").returncode, 0)
        again = self.profile("--quiet")
        self.assertEqual(again.returncode, 1)
        self.assertIn("summary_train.csv: is there already; --append adds to it, --force replaces it", again.stderr)
        self.assertEqual(self.profile("--quiet", "--force").returncode, 0)

    def test_wrong_usage(self):
        for arguments, message in [
                (("--runs", "0"), "--runs: expected 1 or more, found 0"),
                (("--runs", "x"), "--runs"),
                (("--append", "--force"), "--append keeps what is there, and --force does not"),
        ]:
            done = self.profile(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(message, done.stderr)
        self.assertEqual(self.trainings(), 0)

    def test_no_gpu_is_visible(self):
        done = subprocess.run([ZEUS, "profile", self.job, "--out", self.folder / "traces"], capture_output=True, text=True,
                              timeout=60, cwd=self.folder, env={**self.emulated, "CUDA_VISIBLE_DEVICES": ""})
        self.assertEqual(done.returncode, 2)
        self.assertIn("CUDA_VISIBLE_DEVICES", done.stderr)


if __name__ == "__main__":
    unittest.main()
