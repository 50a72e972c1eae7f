"""What the tests of `zeus run` and of what comes of it have in common."""

import json
import pathlib
import subprocess
import sys
import time

import toy_training
from zeus_program import HERE, ZEUS, ZeusTest, environment

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
