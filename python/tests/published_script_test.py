"""A script written for the published package, with ZeusMonitor and GlobalPowerLimitOptimizer, runs unchanged."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path

from emulated_script import ENVIRONMENT, PYTHON

ZEUS = os.environ["ZEUS_PROGRAM"]
LIMITS = [250, 225, 200, 175, 150, 125, 100]

# As that package's documents tell to write it; SECONDS_A_STEP stands for the training step.
SCRIPT = """
    import sys
    import time

    from zeus.callback import Callback, CallbackSet
    from zeus.monitor import ZeusMonitor
    from zeus.optimizer.power_limit import GlobalPowerLimitOptimizer, MaxSlowdownConstraint

    monitor = ZeusMonitor(gpu_indices=[0], log_file="windows.csv")
    plo = GlobalPowerLimitOptimizer(
        monitor, MaxSlowdownConstraint(factor=1.5), wait_steps=1, warmup_steps=2, profile_steps=12,
        profile_path="profile.json")
    callbacks: list[Callback] = [plo]

    monitor.begin_window("training")
    for epoch in range(2):
        for callback in callbacks:
            callback.on_epoch_begin()
        monitor.begin_window("epoch")
        steps = []
        for x in range(130):
            for callback in callbacks:
                callback.on_step_begin()
            monitor.begin_window("step")
            time.sleep(0.01)
            steps.append(monitor.end_window("step"))
            for callback in callbacks:
                callback.on_step_end()
            if epoch == 0 and x == 20:
                print("half-way", flush=True)
        measured = monitor.end_window("epoch")
        for callback in callbacks:
            callback.on_epoch_end()
        print(epoch, len(steps), measured.time > sum(step.time for step in steps), measured.total_energy > 0)
    whole = monitor.end_window("training")
    print(sorted(whole.gpu_energy), whole.total_energy == sum(whole.gpu_energy.values()))
"""


class PublishedScriptTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "train.py").write_text(textwrap.dedent(SCRIPT), encoding="utf-8")
        # A name of its own gives the GPU a journal of its own.
        (self.folder / "machine.toml").write_text(
            f'settings = "everyone"\n[[gpu]]\npreset = "v100"\nname = "V100 {self._testMethodName[-50:]}"\n'
            "default_power_limit_w = 230\n", encoding="utf-8")
        self.emulated = [ZEUS, "emulate", "--config", str(self.folder / "machine.toml"), "--"]

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.emulated, "bash", "-c", script, "bash", *PYTHON], env=ENVIRONMENT, cwd=self.folder,
                              capture_output=True, text=True, timeout=120, check=False)

    def limits_after(self, output: str) -> list[float]:
        """What `zeus env --json` told, at the end of an output."""
        return [gpu["power_limit_w"] for gpu in json.loads(output[output.index("{"):])["gpus"]]

    def test_it_runs_and_gives_the_limit_back(self) -> None:
        done = self.shell(f'"$@" train.py && {ZEUS} env --json')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines()[1:4], ["0 130 True True", "1 130 True True", "[0] True"])
        self.assertEqual(self.limits_after(done.stdout), [230])
        saved = json.loads((self.folder / "profile.json").read_text(encoding="utf-8"))["measurements"]
        self.assertEqual([each["power_limit"] for each in saved], LIMITS)
        self.assertTrue(all(each["energy"] > 0 and each["time"] > 0.1 for each in saved), saved)
        rows = (self.folder / "windows.csv").read_text(encoding="utf-8").splitlines()
        self.assertEqual(rows[0], "start_time,window_name,elapsed_time,gpu0_energy")
        names = [row.split(",")[1] for row in rows[1:]]
        self.assertEqual((names.count("step"), names.count("epoch"), names[-1]), (260, 2, "training"))

    def test_killed_while_it_profiles_it_leaves_what_the_next_start_puts_back(self) -> None:
        done = self.shell(
            f'exec 3< <("$@" train.py & echo $!; wait); read -u3 pid; read -u3 half; kill -KILL $pid; '
            f'cat <&3; {ZEUS} env --json; {ZEUS} restore >&2; {ZEUS} env --json')
        self.assertEqual(done.returncode, 0, done.stderr)
        left, restored = done.stdout.replace("}\n{", "}\0{").split("\0")
        self.assertNotEqual(self.limits_after(left), [230])
        self.assertEqual(self.limits_after(restored), [230])


if __name__ == "__main__":
    unittest.main()
