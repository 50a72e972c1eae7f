"""`zeus run`: recurrences of a real process, whatever happens to it or to us."""

import errno
import json
import os
import pathlib
import pty
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree

import toy_training
from zeus_program import HERE, POWER_HEADER, TRAIN_HEADER, ZEUS, ZeusTest, environment, rows

KILLS = 50
SIZES = list(toy_training.WORLD)


def is_alive(pid):
    """Whether it is there and no zombie: what was orphaned may wait for a parent that reaps it."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come true in time")
        time.sleep(0.005)


class RunCase(ZeusTest):
    """A machine with one emulated V100, and a job on it."""

    gpus = "v100"

    @classmethod
    def setUpClass(cls):
        # Whoever has this environment sees the machine, for as long as this process is there.
        cls.machine = subprocess.Popen(
            [ZEUS, "emulate", "--gpus", cls.gpus, "--", sys.executable, "-c",
             "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment())
        cls.emulated = json.loads(cls.machine.stdout.readline())

    @classmethod
    def tearDownClass(cls):
        cls.machine.communicate()

    def setUp(self):
        super().setUp()
        self.job = self.write_job()
        self.addCleanup(self.check_no_orphans)

    def check_no_orphans(self):
        self.assertEqual([pid for pid in self.pids() if is_alive(pid)], [])

    def pids(self):
        """Every process that a training made in this test."""
        return [int(line) for file in self.folder.glob("**/pids") for line in file.read_text().split()]

    def write_job(self, name="job.toml", run="", words=(), sizes=tuple(SIZES), extra="", optimizer="sgd"):
        command = [sys.executable, "-S", "-E", str(HERE / "toy_training.py"), "{bs}", "{seed}", *words]
        return self.write(name, (
            f'dataset = "birds"\nnetwork = "tiny"\noptimizer = "{optimizer}"\ntarget_metric = 0.5\n'
            f"max_epochs = {toy_training.MAX_EPOCHS}\ndefault_batch_size = 32\ndefault_learning_rate = 0.1\n"
            f"batch_sizes = {list(sizes)}\ncommand = {json.dumps(command)}\n{extra}\n[run]\nrecurrences = 12\n{run}\n"))

    def start(self, *arguments, job=None, toy="", logs="logs", **options):
        """`zeus run`, as a process."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        where = () if "--resume" in arguments else ("--log-dir", self.folder / logs)
        return subprocess.Popen([ZEUS, "run", job or self.job, *map(str, (*where, *arguments))],
                                env={**self.emulated, "TOY": toy}, cwd=self.folder, **options)

    def run_job(self, *arguments, **options):
        process = self.start(*arguments, **options)
        try:
            out, error = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, error)

    def finishes(self, *arguments, **options):
        done = self.run_job(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def log_folder(self, logs="logs"):
        folders = list((self.folder / logs).glob("birds+tiny+*"))
        self.assertEqual(len(folders), 1, folders)
        return folders[0]

    def history(self, folder=None):
        return json.loads(((folder or self.log_folder()) / "history.json").read_text())

    def whole_history(self, **options):
        """What an uninterrupted run comes to."""
        self.finishes("--quiet", logs="whole", **options)
        return self.history(self.log_folder("whole"))


class DecisionsTest(RunCase):
    def traces(self):
        train = TRAIN_HEADER + "".join(f"birds,tiny,{size},sgd,0.1,1,0.5,{target or ''}\n"
                                       for size, (target, _) in toy_training.WORLD.items())
        power = POWER_HEADER + "".join(f"birds,tiny,{size},sgd,{limit},{seconds},{watts}\n"
                                       for size, (_, limits) in toy_training.WORLD.items()
                                       for limit, (seconds, watts) in limits.items())
        return self.small_traces(train=train, power=power, workloads=None)

    def simulate(self, *arguments):
        return rows(self.succeeds(
            "simulate", "--traces", self.traces(), "--dataset", "birds", "--network", "tiny", "--optimizer", "sgd",
            "--target-metric", "0.5", "--max-epochs", toy_training.MAX_EPOCHS, "--b0", "32", "--csv", "-", *arguments))

    def test_the_simulator_decides_the_same(self):
        tried = set()
        for i, flags in enumerate([("--recurrences", 20), ("--recurrences", 16, "--eta", 1, "--beta", "inf"),
                                   ("--recurrences", 16, "--eta", 0, "--seed", 7),
                                   ("--recurrences", 16, "--beta", 1.2, "--seed", 3, "--window", 2),
                                   ("--recurrences", 12, "--batch-policy", "thompson"),
                                   ("--recurrences", 4, "--batch-policy", "default")]):
            with self.subTest(flags=flags):
                flags = tuple(map(str, flags))
                expected = self.simulate(*flags)
                self.finishes("--quiet", *flags, logs=f"logs{i}")
                entries = [each for each in self.history(self.log_folder(f"logs{i}"))["entries"] if each["num_epochs"]]
                self.assertEqual(
                    [(int(row["rec"]), int(row["try"]), int(row["bs"]), float(row["pl"]), row["reached"] == "1")
                     for row in expected],
                    [(each["recurrence"], each["try"], each["batch_size"], each["power_limit_W"], each["reached"])
                     for each in entries])
                for row, entry in zip(expected, entries):
                    for name in ("energy_J", "time_s"):
                        self.assertLessEqual(abs(entry[name] - float(row[name])), 1e-9 * float(row[name]))
                tried |= {(each["batch_size"], each["reached"]) for each in entries}
        # It was worth the comparison: something failed, and something was found.
        self.assertTrue({(128, False), (32, True), (16, True)} <= tried, tried)

    def test_the_table_at_the_end(self):
        done = self.finishes("--recurrences", "8")
        self.assertIn("training rec01+try01 at batch size 32, seed 1\ndone\n", done.stdout)
        table = done.stdout[done.stdout.index("birds (tiny, sgd) to 0.5"):]
        self.assertRegex(table, r"\n +1 +1 +32 +\d+ W .* yes\n")
        self.assertRegex(table, r"\nFound: batch size \d+ at \d+ W(, after \d+ of 8|; not settled within 8) recurrences\n")
        self.assertRegex(table, r"\nyour default, first time +32 .* \+0\.0% +\+0\.0%\n")
        self.assertIn(f"\nLogs and history: {self.log_folder()}\n", table)
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        self.assertEqual((self.log_folder() / "rec01+try01.train.log").read_text(),
                         "training rec01+try01 at batch size 32, seed 1\ndone\n")

    def test_json(self):
        done = self.finishes("--json", "--recurrences", "6")
        report = json.loads(done.stdout)  # The training's own output is on standard error.
        self.assertIn("training rec01+try01", done.stderr)
        self.assertEqual([each["rec"] for each in report["recurrences"]], list(range(6)))
        self.assertEqual((report["max_power_W"], report["job"]["default_batch_size"], report["failure"]), (250, 32, None))
        self.assertEqual(report["default"]["energy_J"], report["recurrences"][0]["energy_J"])
        self.assertIn(report["found"]["batch_size"], SIZES)
        self.assertEqual(report["log_dir"], str(self.log_folder()))

    def test_plot(self):
        picture = self.folder / "cost.svg"
        done = self.finishes("--plot", picture, "--json", "--quiet", "--recurrences", "8")
        report = json.loads(done.stdout)
        root = xml.etree.ElementTree.parse(picture).getroot()
        svg = "{http://www.w3.org/2000/svg}"
        bars = [bar.find(f"{svg}title").text for bar in root.findall(f".//{svg}rect[{svg}title]")]
        self.assertEqual([re.match(r"recurrence (\d+): batch size (\d+) at (\d+) W", bar).groups() for bar in bars],
                         [(str(each["rec"] + 1), str(each["bs"]), f"{each['pl']:g}") for each in report["recurrences"]])
        texts = [text.text for text in root.iter(f"{svg}text")]
        for name in ("default", "found"):
            self.assertIn(f"{name}: {report[name]['batch_size']} at {report[name]['power_limit_W']:g} W", texts)

    def test_a_failed_run_is_drawn_as_far_as_it_came(self):
        picture = self.folder / "cost.svg"
        done = self.run_job("--plot", picture, "--quiet", toy="fail@rec02+try01")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"--plot {picture}", done.stderr)
        self.assertEqual(picture.read_text().count("recurrence 1: batch size 32"), 1)
        self.assertNotIn("recurrence 2:", picture.read_text())

    def test_a_picture_that_cannot_be_written(self):
        done = self.run_job("--plot", self.folder / "no" / "cost.svg", "--quiet", "--recurrences", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no/cost.svg: cannot ", done.stderr)
        self.assertEqual(len(self.history()["entries"]), 1)

    def test_quiet(self):
        done = self.finishes("--quiet", "--recurrences", "2")
        self.assertNotIn("training rec01", done.stdout + done.stderr)

    def test_observer_mode_trains_at_the_maximum(self):
        self.finishes("--observer", "--recurrences", "3", "--quiet")
        history = self.history()
        self.assertEqual({each["power_limit_W"] for each in history["entries"]}, {250})
        self.assertTrue(history["observer"])
        self.assertEqual([each["power_limit_W"] for each in history["entries"][0]["profile"]], [250, 150, 100])

    def test_every_try_gets_a_seed_of_its_own(self):
        self.finishes("--seed", "40", "--recurrences", "3", "--quiet")
        logs = sorted(self.log_folder().glob("*.train.log"))
        self.assertEqual([int(re.search(r"seed (\d+)", log.read_text())[1]) for log in logs],
                         list(range(40, 40 + len(logs))))

    def test_the_job_file_says_how_to_run_unless_flags_do(self):
        job = self.write_job(run='eta = 1\nbeta = 3\nseed = 9\nwindow = 4\nobserver = true\nprofile = [1, 2]')
        self.finishes("--quiet", "--recurrences", "1", "--beta", "inf", job=job)
        history = self.history()
        self.assertEqual([history[name] for name in ("eta", "beta", "seed", "window", "observer", "profile",
                                                     "recurrences")], [1, "inf", 9, 4, True, [1, 2], 1])
        self.assertIn("birds+tiny+bs32+sgd+lr0.1+tm0.5+me20+x1+eta1.0+betainf+20", self.log_folder().name)

    # What ends a script that does not catch the session's exception.
    def test_a_try_that_its_cost_bound_stopped_may_fail(self):
        self.finishes("--quiet", "--beta", "1.2", toy="raise")
        self.assertIn(False, [each["reached"] for each in self.history()["entries"]])


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


class FailureTest(RunCase):
    def fails_with(self, message, *arguments, code=1, **options):
        done = self.run_job(*arguments, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(message, done.stderr)
        return done

    def test_a_command_that_fails(self):
        done = self.fails_with("zeus: rec02+try01: the command ended with exit code 3; the end of ",
                               toy="fail@rec02+try01")
        self.assertTrue(done.stderr.endswith(
            "rec02+try01.train.log:\n    training rec02+try01 at batch size 16, seed 2\n"
            "    CUDA error: out of memory\n"), done.stderr)
        self.assertIn("zeus: what was learned is kept; go on with: zeus run ", done.stderr)
        self.assertEqual(len(self.history()["entries"]), 1)

    def test_json_tells_of_a_failure(self):
        done = self.fails_with("exit code 3", "--json", toy="fail@rec02+try01")
        report = json.loads(done.stdout)
        self.assertIn("rec02+try01: the command ended with exit code 3", report["failure"])
        self.assertEqual(len(report["recurrences"]), 1)

    def test_no_result(self):
        self.fails_with("zeus: rec01+try01: the command ended without a result: there is no ", toy="nothing")

    def test_a_damaged_result(self):
        done = self.fails_with("zeus: rec01+try01: a damaged result: ", toy="damage")
        self.assertIn("rec01+try01+bs32.train.json", done.stderr)
        self.assertIn("\n    training rec01+try01 at batch size 32", done.stderr)

    def test_a_command_that_is_not_there(self):
        job = self.write("job2.toml", self.job.read_text().replace(json.dumps(sys.executable), '"no-such-program"'))
        self.fails_with("zeus: rec01+try01: no-such-program: cannot be run: No such file or directory", job=job)
        self.assertEqual(self.history()["entries"], [])

    def test_a_default_that_does_not_reach_its_target(self):
        job = self.write("job2.toml", self.job.read_text().replace("default_batch_size = 32", "default_batch_size = 128"))
        self.fails_with("the default batch size 128 did not reach the target metric 0.5 of birds/tiny/sgd", job=job)

    def test_job_files_that_cannot_be(self):
        text = self.job.read_text()
        for old, new, message in [
                ("[run]", "walk = 3\n[run]", ":11:1: walk: there is no such key; there are: batch_sizes, command, "),
                ("recurrences = 12", "recurrence = 12", ":12:1: run.recurrence: there is no such key; there are: "),
                (str(SIZES), "[8, 16]", ":8:15: batch_sizes: the default batch size 32 is not among them"),
                ('"{seed}"', '"{lr}"', None),
                ("0.5", '"0.5"', ":4:17: target_metric: expected a number, found a text"),
                ("birds", "b\u00efrds", ":1:13: expected ASCII alone"),
        ]:
            job = self.write("wrong.toml", text.replace(old, new, 1))
            if message is None:
                job = self.write("wrong.toml", text.replace(old, new, 1).replace('"sgd"', '"lamb"'))
                message = ':9:11: command: no rule scales the learning rate of optimizer "lamb": expected sgd, adam'
            with self.subTest(message=message):
                done = self.fails_with(f"zeus: {job}{message}", job=job)
                self.assertEqual(done.stdout, "")
        self.assertFalse((self.folder / "logs").exists())
        self.fails_with("absent.toml: cannot open: No such file", job=self.folder / "absent.toml")

    def test_wrong_usage(self):
        for arguments, message in [
                (("--eta", "2"), "eta"), (("--beta", "0"), "beta"), (("--recurrences", "0"), "expected 1 or more"),
                (("--batch-policy", "x"), 'no batch-size policy is named "x"; there are: pruned-thompson, thompson, default'),
                (("--batch-policy", "grid"), "such policies are for simulation"),
                (("--batch-policy", "oracle"), "such policies are for simulation"),
                (("--timeout", "0"), "--timeout")]:
            with self.subTest(arguments=arguments):
                self.fails_with(message, *arguments, code=2)
        job = self.write("job2.toml", self.job.read_text().replace("recurrences = 12", ""))
        self.fails_with("--recurrences: how many?", job=job, code=2)
        self.assertFalse((self.folder / "logs").exists())

    def test_no_gpu(self):
        hidden = {name: value for name, value in self.emulated.items() if name != "LD_LIBRARY_PATH"}
        if "gpus\": []" not in subprocess.run([ZEUS, "env", "--json"], env=hidden, capture_output=True, text=True,
                                              check=False).stdout:
            self.skipTest("this machine has a GPU")
        done = subprocess.run([ZEUS, "run", self.job], env=hidden, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "zeus: there is no GPU to train on; `zeus env` tells why\n"))

    def test_resuming_another_run(self):
        self.finishes("--quiet", "--recurrences", "3")
        folder = self.log_folder()
        before = (folder / "history.json").read_text()
        for arguments, message in [
                (("--eta", "1"), "the run that is to go on has eta 0.5, and not 1.0"),
                (("--seed", "4"), "has seed 1, and not 4"),
                (("--observer",), "has observer false, and not true"),
                (("--batch-policy", "thompson"), 'has batch_policy "pruned-thompson", and not "thompson"'),
                (("--recurrences", "2"), "has 3 recurrences already, and 2 are wanted")]:
            with self.subTest(arguments=arguments):
                self.fails_with(message, "--resume", folder, *arguments, code=2)
        job = self.write_job("job2.toml", sizes=(16, 32))
        self.fails_with("has batch_sizes [8,16,32,64,128], and not [16,32]", "--resume", folder, job=job, code=2)
        self.fails_with("absent: there is no such folder", "--resume", self.folder / "absent")
        self.assertEqual((folder / "history.json").read_text(), before)
        (folder / "history.json").write_text(before.replace('"rec02+try01"', "7"))
        self.fails_with("history.json.entries[1].job_id: expected a text, found 7", "--resume", folder)

    def test_a_full_disk_loses_nothing_learned(self):
        # A limit on the size of files stands for the disk; every file but the history is smaller than it.
        def small_disk():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2500, resource.RLIM_INFINITY))

        done = self.fails_with("history.json: cannot write: File too large", "--quiet", preexec_fn=small_disk)
        self.assertIn("zeus: what was learned is kept; go on with: ", done.stderr)
        learned = self.history()["entries"]
        self.assertGreater(len(learned), 1)
        self.finishes("--quiet", "--resume", self.log_folder())
        whole = self.whole_history()
        self.assertEqual(self.history(), whole)
        self.assertEqual(whole["entries"][:len(learned)], learned)

    @unittest.skipUnless(os.geteuid() == 0, "only root can mount a file system")
    def test_a_full_file_system(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True,
                          check=False).returncode != 0:
            self.skipTest("a file system cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        done = self.run_job("--quiet", "--recurrences", "100", logs="disk")
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left on device", done.stderr)
        learned = self.history(self.log_folder("disk"))["entries"]
        self.assertGreater(len(learned), 1)
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        self.finishes("--quiet", "--recurrences", "100", "--resume", self.log_folder("disk"))
        self.assertEqual(self.history(self.log_folder("disk"))["entries"][:len(learned)], learned)


class ProgressTest(RunCase):
    def on_terminal(self, *arguments):
        """What the terminal shows that standard error is."""
        ours, theirs = pty.openpty()
        process = self.start("--recurrences", "2", *arguments, stderr=theirs)
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError as error:
            self.assertEqual(error.errno, errno.EIO)  # How a terminal that nobody else has open tells its end.
        os.close(ours)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        return text.decode().replace("\r\n", "\n")

    def test_a_line_a_try_beside_the_output(self):
        text = self.on_terminal()
        self.assertIn("zeus run: recurrence 1 of 2, try 1: batch size 32, profiling power limits\n", text)
        self.assertIn("zeus run: recurrence 2 of 2, try 1: batch size 16, profiling power limits\n", text)

    def test_one_line_that_is_gone_at_the_end_without_it(self):
        text = self.on_terminal("--quiet")
        self.assertIn("\r\x1b[Kzeus run: recurrence 2 of 2, try 1: ", text)
        self.assertTrue(text.endswith("\r\x1b[K"), text)
        self.assertNotIn("\n", text)


class DryRunTest(RunCase):
    def test_tells_how_and_touches_nothing(self):
        before = sorted(self.folder.iterdir())
        done = self.finishes("--dry-run", "--eta", "0.25")
        self.assertEqual(sorted(self.folder.iterdir()), before)
        self.assertIn(f"\n# Log folder: {self.folder}/logs/birds+tiny+bs32+sgd+lr0.1+tm0.5+me20+x12+eta0.25+beta2.0+20",
                      done.stdout)
        for line in ("export ZEUS_JOB_ID=rec01+try01", "export ZEUS_COST_THRESH=inf", "export ZEUS_ETA_KNOB=0.25",
                     "export ZEUS_PROFILE_PARAMS=10,40", "export ZEUS_USE_OPTIMAL_PL=true",
                     "export ZEUS_TARGET_METRIC=0.5", f"cd {self.folder}"):
            self.assertIn(f"\n{line}\n", done.stdout)
        self.assertTrue(done.stdout.endswith("toy_training.py 32 1\n"), done.stdout)
        self.assertEqual(self.pids(), [])

    def test_needs_no_gpu(self):
        self.succeeds("run", self.job, "--dry-run")


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
