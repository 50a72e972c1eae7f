"""The published package's batch-size client (PyPI, zeus 0.16.0), unchanged, against `zeus serve`.

Each training is a process that fits a small classifier by gradient descent, on an emulated GPU whose energy the published
monitor measures through NVML.
"""

import os
import pathlib
import signal
import subprocess
import textwrap
import unittest

import published_package
from published_package import PYTHON
from serve_test import ServeCase, ask
from zeus_program import ZEUS, environment

# The client as its documents show it. Debian's PyTorch has no CUDA to wait for, so the monitor is told to wait by CuPy, of
# which there is this much: the emulated GPU has nothing under way.
SCRIPT = """
    import os, sys, time, types
    import numpy

    class Device:
        def __init__(self, index): pass
        def synchronize(self): pass
    sys.modules["cupy"] = types.SimpleNamespace(cuda=types.SimpleNamespace(Device=Device))

    from zeus.monitor import ZeusMonitor
    from zeus.optimizer.batch_size import BatchSizeOptimizer, JobSpec

    server, pause, target = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    beta = float(sys.argv[4]) if sys.argv[4] else None
    monitor = ZeusMonitor(gpu_indices=[0], sync_execution_with="cupy")
    optimizer = BatchSizeOptimizer(monitor, server, JobSpec(
        job_id="blobs", job_id_prefix="blobs", default_batch_size=32, batch_sizes=[16, 32, 64], target_metric=target,
        max_epochs=10, eta_knob=0.5, beta_knob=beta, mab_seed=1))
    batch_size = optimizer.get_batch_size()
    print("batch size", batch_size, "trial", optimizer.trial_number, flush=True)
    exec(sys.argv[5])

    random = numpy.random.default_rng(1)
    labels = random.integers(0, 2, 512)
    points = random.normal(size=(512, 4)) + 1.5 * labels[:, None]
    weights = numpy.zeros(5)
    inputs = numpy.hstack([points, numpy.ones((512, 1))])
    optimizer.on_train_begin()
    for epoch in range(20):
        for batch in numpy.split(random.permutation(512), 512 // batch_size):
            chances = 1 / (1 + numpy.exp(-inputs[batch] @ weights))
            weights -= 0.2 * inputs[batch].T @ (chances - labels[batch]) / batch_size
            time.sleep(0.0002)
        time.sleep(pause)
        accuracy = float(((inputs @ weights > 0) == labels).mean())
        optimizer.on_evaluate(accuracy)
        if optimizer.training_finished:
            break
    print("accuracy", accuracy, "after", epoch + 1, "epochs", flush=True)
"""


def setUpModule():
    if "sanitizers" in os.environ.get("ZEUS_BUILD", ""):
        raise unittest.SkipTest("the emulator's library, with sanitizers, cannot be loaded by a program without")
    published_package.install()


class PublishedClientTest(ServeCase):
    def setUp(self):
        super().setUp()
        self.script = pathlib.Path(self.folder) / "train.py"
        self.script.write_text(textwrap.dedent(SCRIPT), encoding="utf-8")
        server = self.serve("--database", self.database())
        self.connection = server.connect()
        self.url = f"http://{server.address[0]}:{server.address[1]}"

    def train(self, pause=0.15, target=0.9, beta="", more=""):
        """A recurrence: its exit code, its lines, and the last line of its errors."""
        done = subprocess.run(
            [ZEUS, "emulate", "--gpus", "v100", "--", PYTHON, self.script, self.url, str(pause), str(target), beta, more],
            capture_output=True, text=True, timeout=120, check=False, env=environment(PYTHONPATH=None))
        return done.returncode, done.stdout.splitlines(), (done.stderr.splitlines() or [""])[-1]

    def trials(self):
        status, answer = ask(self.connection, "GET", "/jobs/blobs/trials")
        self.assertEqual(status, 200)
        return answer["trials"]

    def test_recurrences_until_the_bandit_decides(self):
        for recurrence in range(1, 8):
            code, lines, error = self.train()
            self.assertEqual(code, 0, error)
            self.assertRegex(lines[0], rf"^batch size (16|32|64) trial {recurrence}$")
        trials = self.trials()
        self.assertEqual([trial["batch_size"] for trial in trials][:3], [32, 16, 64])
        self.assertEqual({trial["status"] for trial in trials}, {"succeeded"})
        for trial in trials:
            # An idle V100 draws some 30 W, a busy one 250.
            self.assertTrue(20 * trial["time_s"] < trial["energy_J"] < 260 * trial["time_s"], trial)
        self.assertEqual(trials[-1]["type"], "bandit")
        self.assertEqual(ask(self.connection, "GET", "/jobs/blobs")[1]["max_power"], 250)

    def test_a_target_that_is_out_of_reach(self):
        code, lines, error = self.train(target=1.5)
        self.assertEqual((code, len(lines)), (1, 1))
        self.assertRegex(error, r"ZeusBSOTrainFailError: .*Train failed to converge within max_epoch\(10\)")
        self.assertEqual([(trial["status"], trial["converged"]) for trial in self.trials()], [("succeeded", False)])

    def test_what_costs_too_much_is_ended(self):
        self.assertEqual(self.train(beta="2")[0], 0)
        code, _, error = self.train(beta="2", pause=10.0)
        self.assertEqual(code, 1)
        self.assertRegex(error, r"ZeusBSOTrainFailError: .*exceeded the cost upper bound")

    def test_a_training_that_fails_gives_its_trial_up(self):
        code, lines, error = self.train(more="raise ArithmeticError('diverged')")
        self.assertEqual((code, lines, error), (1, ["batch size 32 trial 1"], "ArithmeticError: diverged"))
        self.assertEqual([trial["status"] for trial in self.trials()], ["failed"])
        code, lines, _ = self.train(more="os.kill(os.getpid(), 9)")  # Nobody gives this one up.
        self.assertEqual((code, lines), (128 + signal.SIGKILL, ["batch size 32 trial 2"]))
        self.assertEqual(self.train()[1][0], "batch size 32 trial 3")
        self.assertEqual([trial["type"] for trial in self.trials()], ["exploration", "exploration", "concurrent"])

    def test_other_settings_under_the_same_name(self):
        self.assertEqual(self.train()[0], 0)
        code, _, error = self.train(target=0.8)
        self.assertEqual(code, 1)
        self.assertRegex(error, "ZeusBSORuntimError: Zeus server returned status code 409: .*Use a new job_id")


if __name__ == "__main__":
    unittest.main()
