"""zeus.run.ZeusMaster beside `zeus run`, on an emulated GPU."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

from emulated_script import ENVIRONMENT, PYTHON

ZEUS = os.environ["ZEUS_PROGRAM"]
TOY = Path(os.environ["ZEUS_SOURCE_FOLDER"]) / "tests" / "end_to_end" / "toy_training.py"

SCRIPT = """
    import sys
    from zeus.job import Job
    from zeus.policy import BatchSizeOptimizer, PruningGTSBatchSizeOptimizer
    from zeus.run import ZeusMaster

    class Default(BatchSizeOptimizer):
        @property
        def name(self):
            return "my default"
        def register_job(self, job, batch_sizes):
            self.told = []
        def predict(self, job):
            return job.default_bs
        def observe(self, job, batch_size, cost, converged=None):
            self.told.append(cost)

    class Failing(Default):
        def observe(self, job, batch_size, cost, converged=None):
            raise LookupError("my policy fell over")

    job = Job(dataset="birds", network="tiny", optimizer="sgd", target_metric=0.5, max_epochs=MAX_EPOCHS,
              default_bs=32, default_lr=0.1, workdir=FOLDER, command=COMMAND)
    master = ZeusMaster(batch_size_optimizer=POLICY, log_base=FOLDER + "/logs", seed=1)
    history = master.run(job=job, num_recurrence=12, batch_sizes=SIZES, beta_knob=2.0, eta_knob=0.5ARGUMENTS)
    print("HISTORY", [(one.bs, one.pl, one.energy, one.reached, one.time) for one in history])
"""


class MasterTest(unittest.TestCase):
    def setUp(self) -> None:
        sys.path.insert(0, str(TOY.parent))
        import toy_training

        self.max_epochs = toy_training.MAX_EPOCHS
        self.sizes = list(toy_training.WORLD)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def command(self) -> list[str]:
        return [sys.executable, "-S", "-E", str(TOY), "{bs}", "{seed}"]

    def write_script(self, policy: str, arguments: str = "") -> str:
        script = self.folder / "script.py"
        text = textwrap.dedent(SCRIPT)
        for name, value in (("MAX_EPOCHS", self.max_epochs), ("FOLDER", repr(str(self.folder))),
                            ("COMMAND", repr(self.command())), ("POLICY", policy), ("SIZES", self.sizes),
                            ("ARGUMENTS", arguments)):
            text = text.replace(name, str(value))
        script.write_text(text)
        return str(script)

    def emulated(self, *command: str, toy: str = "") -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [ZEUS, "emulate", "--gpus", "v100", "--", *command], env={**ENVIRONMENT, "TOY": toy}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.folder)

    def finishes(self, *command: str, code: int = 0, toy: str = "") -> tuple[str, str]:
        process = self.emulated(*command, toy=toy)
        out, error = process.communicate(timeout=120)
        self.assertEqual(process.returncode, code, out + error)
        return out, error

    def entries(self, logs: str = "logs") -> list[dict[str, object]]:
        (history,) = (self.folder / logs).glob("birds+tiny+*/history.json")
        return json.loads(history.read_text())["entries"]

    def run_by_the_program(self) -> list[dict[str, object]]:
        job = self.folder / "job.toml"
        job.write_text(
            'dataset = "birds"\nnetwork = "tiny"\noptimizer = "sgd"\ntarget_metric = 0.5\n'
            f"max_epochs = {self.max_epochs}\ndefault_batch_size = 32\ndefault_learning_rate = 0.1\n"
            f"batch_sizes = {self.sizes}\ncommand = {json.dumps(self.command())}\n[run]\nrecurrences = 12\nseed = 1\n")
        self.finishes(ZEUS, "run", str(job), "--quiet", "--log-dir", str(self.folder / "program"))
        return self.entries("program")

    def test_the_history_is_that_of_the_program(self) -> None:
        out, _ = self.finishes(*PYTHON, self.write_script("PruningGTSBatchSizeOptimizer(seed=1, verbose=False)"))
        entries = self.entries()
        self.assertEqual(entries, self.run_by_the_program())
        self.assertIn("training rec01+try01 at batch size 32, seed 1", out)
        shown = eval(out[out.index("HISTORY") + len("HISTORY"):])
        self.assertEqual(shown, [(one["batch_size"], one["power_limit_W"], one["energy_J"], one["reached"], one["time_s"])
                                 for one in entries if one["num_epochs"]])
        self.assertGreater(len({one[0] for one in shown}), 1)

    def test_a_policy_in_python_decides(self) -> None:
        self.finishes(*PYTHON, self.write_script("Default()"))
        self.assertEqual([one["batch_size"] for one in self.entries()], [32] * 12)

    def test_what_a_policy_raises_is_what_the_script_sees(self) -> None:
        _, error = self.finishes(*PYTHON, self.write_script("Failing()"), code=1)
        self.assertTrue(error.strip().endswith("LookupError: my policy fell over"), error)

    def test_a_try_that_fails_is_told_with_the_end_of_its_log(self) -> None:
        _, error = self.finishes(*PYTHON, self.write_script("Default()"), code=1, toy="fail@rec02+try01")
        self.assertIn("RuntimeError: ", error)
        self.assertIn("rec02+try01", error)

    def test_interrupted_and_resumed_it_decides_the_same(self) -> None:
        policy = "PruningGTSBatchSizeOptimizer(seed=1, verbose=False)"
        process = self.emulated(*PYTHON, self.write_script(policy), toy="hang@rec04+try01")
        while not list((self.folder / "logs").glob("*/rec04+try01.train.log")):
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        self.assertIn("KeyboardInterrupt", error)
        self.assertIn("resume=", error)
        (folder,) = (self.folder / "logs").glob("birds*")
        known = self.entries()
        self.finishes(*PYTHON, self.write_script(policy, f", resume={str(folder)!r}"))
        whole = self.run_by_the_program()
        self.assertEqual(known, whole[:len(known)])
        self.assertLess(len(known), len(whole))
        self.assertEqual(self.entries(), whole)

    def test_bad_input(self) -> None:
        from zeus.policy import PruningGTSBatchSizeOptimizer
        from zeus.run import ZeusMaster

        policy = PruningGTSBatchSizeOptimizer(seed=1, verbose=False)
        with self.assertRaisesRegex(ValueError, "log_base must be specified as an absolute path"):
            ZeusMaster(policy, "logs")
        with self.assertRaisesRegex(ValueError, "monitor_path must be specified as an absolute path"):
            ZeusMaster(policy, "/tmp", monitor_path="zeus_monitor")
        with self.assertRaisesRegex(TypeError, "batch_size_optimizer"):
            ZeusMaster("pruned", "/tmp")  # type: ignore[arg-type]
        for replaced, by, message in (("default_bs=32, ", "", "default_bs"), ("eta_knob=0.5", "eta_knob=1.5", "eta_knob"),
                                      ("default_bs=32", "default_bs=48", "48")):
            script = Path(self.write_script("Default()"))
            script.write_text(script.read_text().replace(replaced, by))
            _, error = self.finishes(*PYTHON, str(script), code=1)
            self.assertRegex(error.strip().splitlines()[-1], f"^ValueError: .*{message}")


if __name__ == "__main__":
    unittest.main()
