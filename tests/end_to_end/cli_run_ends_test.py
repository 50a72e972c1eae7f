"""`zeus run` when it or its training is killed, interrupted or hangs: nothing is lost, and nothing left behind."""

import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import unittest

from run_case import RunCase, wait_until
from zeus_program import ZEUS

KILLS = 50


class KillTest(RunCase):
    gpus = "v100x6"  # The last of them is a GPU of no other test: the journal is the whole machine's.

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.emulated["CUDA_VISIBLE_DEVICES"] = "5"

    def power_limit(self):
        shown = subprocess.run([ZEUS, "env", "--json"], env=self.emulated, capture_output=True, text=True, check=True)
        return json.loads(shown.stdout)["gpus"][5]["power_limit_w"]

    def test_killed_at_random_points(self):
        before = self.power_limit()
        self.left_behind = 0
        job = self.write_job(words=["noise", "hold"], run="beta = 1.5")
        flags = ("--quiet", "--recurrences", "14")
        self.finishes(*flags, logs="whole", job=job)
        whole = self.history(self.log_folder("whole"))
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        kills = {"run": 0, "training": 0, "supervisor": 0}
        runs = 0
        while sum(kills.values()) < KILLS:
            runs += 1
            self.run_with_kills(f"run{runs}", job, flags, kills, chance)
            resumed = self.history(self.log_folder(f"run{runs}"))
            self.assertEqual(resumed, whole, f"seed {seed}")
            self.assertEqual(self.power_limit(), before, f"seed {seed}")
        print(f"{kills} in {runs} runs, {self.left_behind} times a limit was left behind, seed {seed}", file=sys.stderr)
        self.assertGreater(min(kills.values()), 0)

    def test_killed_while_the_power_limit_is_borrowed(self):
        before = self.power_limit()
        job = self.write_job(words=["hold"])
        self.finishes("--quiet", logs="whole", job=job)
        for victim in ("training", "supervisor", "run"):
            with self.subTest(victim=victim):
                process = self.start("--quiet", job=job, toy="hold_and_hang@rec02+try01", logs=victim)
                wait_until(lambda: len(self.history_so_far(victim)) == 1 and self.power_limit() == 150)
                if victim == "run":
                    process.kill()
                else:
                    self.kill_training(process, self.folder / victim / "pids", victim)
                process.communicate(timeout=60)
                left = self.power_limit() == 150
                if victim == "training":
                    self.assertTrue(left)  # Killed with what holds the limit: nobody was left to put it back.
                done = self.finishes("--quiet", "--resume", self.log_folder(victim), job=job)
                self.assertEqual("restored" in done.stderr, left)
                self.assertEqual(self.power_limit(), before)
                self.assertEqual(self.history(self.log_folder(victim)), self.history(self.log_folder("whole")))

    def history_so_far(self, logs):
        """The tries that a run at work has saved."""
        saved = list((self.folder / logs).glob("birds+*/history.json"))
        return json.loads(saved[0].read_text())["entries"] if saved else []

    def run_with_kills(self, logs, job, flags, kills, chance):
        """One run, killed and resumed until it is done."""
        while True:
            process = self.start(*flags, *self.resume_flags(logs), job=job, logs=logs)
            time.sleep(chance.uniform(0.01, 0.25))
            if sum(kills.values()) < KILLS:
                victim = chance.choice(list(kills))
                if victim == "run":
                    process.kill()
                else:
                    self.kill_training(process, self.folder / logs / "pids", victim)
            _, error = process.communicate(timeout=60)
            self.left_behind += "restored" in error
            if process.returncode == -signal.SIGKILL:
                kills["run"] += 1
            elif process.returncode == 1 and "was ended by signal 9 (Killed)" in error:
                kills["training"] += 1
            elif process.returncode == 1 and "the process that watches over the training was killed" in error:
                kills["supervisor"] += 1
            else:
                self.assertEqual(process.returncode, 0, error)
                return

    def kill_training(self, process, made, victim):
        """Kills the next training that is caught running, or its supervisor, if there is one before the run ends."""
        while process.poll() is None:
            pid = made.read_text().rpartition("\n")[0].rpartition("\n")[2] if made.exists() else ""
            try:
                if pid:
                    state, parent = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[:2]
                    watched = pathlib.Path(f"/proc/{parent}/comm").read_text() == "zeus-supervisor\n"
                    if state != "Z" and watched:
                        if victim == "training":
                            os.killpg(int(pid), signal.SIGKILL)  # With what holds the power limit for it.
                        else:
                            os.kill(int(parent), signal.SIGKILL)
                        return
            except (FileNotFoundError, ProcessLookupError):
                pass  # It has just ended.
            time.sleep(0.002)

    def test_an_interrupt_gives_the_power_limit_back(self):
        before = self.power_limit()
        job = self.write_job(words=["hold"])
        process = self.start("--quiet", job=job, toy="hold_and_hang", preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL))
        wait_until(lambda: self.power_limit() == 150)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, error)
        self.assertEqual(self.power_limit(), before)

    def resume_flags(self, logs):
        folders = list((self.folder / logs).glob("birds+*"))
        if folders and not (folders[0] / "history.json").exists():
            shutil.rmtree(folders[0])  # Killed before it began.
            return ()
        return ("--resume", folders[0]) if folders else ()

    def test_the_training_ends_with_us(self):
        process = self.start(toy="grandchild")
        wait_until(lambda: len(self.pids()) == 3)
        process.kill()
        process.communicate()
        # A resumed run waits for that, too.
        done = self.finishes("--quiet", "--resume", self.log_folder())
        self.assertNotIn("hanging", done.stdout)
        self.check_no_orphans()


class InterruptTest(RunCase):
    def test_an_interrupt_ends_everything_and_says_how_to_go_on(self):
        process = self.start("--eta", "1", toy="grandchild@rec02+try01", preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL))
        wait_until(lambda: len(self.pids()) == 4)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, error)
        self.check_no_orphans()
        self.assertIn("zeus: interrupted by signal 2 (Interrupt)\n", error)
        self.assertEqual(len(self.history()["entries"]), 1)
        # The line that it prints is a command.
        line = re.search(r"go on with: (zeus run .*)\n", error)[1]
        words = shlex.split(line)[2:]
        self.assertEqual(words, [str(self.job), "--eta", "1", "--resume", str(self.log_folder())])
        self.finishes("--quiet", *words[1:])
        self.finishes("--quiet", "--eta", "1", logs="whole")
        self.assertEqual(self.history(), self.history(self.log_folder("whole")))

    def test_a_timeout(self):
        done = self.run_job("--timeout", "3", toy="grandchild")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"zeus: rec01\+try01: the command took longer than 3 s and was ended; the end "
                                      r"of .*/rec01\+try01\.train\.log:\n    training rec01\+try01 .*\n    hanging\n")
        self.check_no_orphans()

    def test_a_run_is_locked(self):
        process = self.start(toy="hang")
        wait_until(lambda: len(self.pids()) == 1)
        second = self.start("--resume", self.log_folder(), preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL))
        time.sleep(0.5)
        self.assertIsNone(second.poll())  # It waits: a run that was killed lets go soon.
        second.send_signal(signal.SIGINT)
        _, error = second.communicate(timeout=10)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"another `zeus run` (process {process.pid}), or the training that it left behind, works here", error)
        process.terminate()
        process.communicate(timeout=30)


@unittest.skipUnless(os.geteuid() == 0, "only root may change an emulated GPU's settings")
class LeftoverTest(RunCase):
    gpus = "v100x7"  # The last of them is a GPU of no other test: the journal is the whole machine's.

    def test_what_a_killed_process_left_is_put_back_first(self):
        def gpu():
            found = json.loads(subprocess.run([ZEUS, "env", "--json"], env=self.emulated, capture_output=True, text=True,
                                              check=True).stdout)
            return found["journal_folder"], found["gpus"][-1]

        folder, before = gpu()
        journal = pathlib.Path(folder) / f"{before['uuid']}.json"
        journal.parent.mkdir(parents=True, exist_ok=True)
        self.addCleanup(journal.unlink, missing_ok=True)
        # As a process that set 150 W and was killed: its limit is what the journal says to restore.
        journal.write_text(json.dumps({
            "format": "zeus-settings-journal", "version": 1, "uuid": before["uuid"], "gpu": before["name"],
            "pid": 4194305, "command": "gone", "since": "2024-01-01T00:00:00Z",
            "settings": {"power_limit": {"before_W": 175, "set_W": before["power_limit_w"]}}}))
        done = self.run_job("--quiet", "--recurrences", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("restored", done.stderr)
        self.assertEqual(gpu()[1]["power_limit_w"], 175)
        self.assertFalse(journal.exists())


if __name__ == "__main__":
    unittest.main()
