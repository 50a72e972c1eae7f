"""zeus.profile.torch.ProfileDataLoader on an emulated GPU."""

import csv
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from emulated_script import ENVIRONMENT, PYTHON
from zeus.analyze import avg_power

ZEUS = os.environ["ZEUS_PROGRAM"]

try:
    import torch  # noqa: F401
except ImportError:
    print("PyTorch is not installed: ProfileDataLoader needs it")
    sys.exit(77)

SCRIPT = """
    import torch
    from torch.utils.data import TensorDataset
    from zeus.profile.torch import ProfileDataLoader

    data = TensorDataset(torch.arange(400).float())
    train = ProfileDataLoader(data, batch_size=10, split="train", shuffle=False ARGUMENTS)
    evaluation = ProfileDataLoader(dataset=data, batch_size=40, split="eval")
    seen = 0
    for epoch in range(2):
        for (x,) in train:
            seen += len(x)
        for (x,) in evaluation:
            pass
    print("seen", seen)
"""


class ProfileDataLoaderTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.prefix = str(Path(folder.name) / "log")
        self.script = Path(folder.name) / "script.py"

    def run_script(self, arguments: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
        self.script.write_text(textwrap.dedent(SCRIPT).replace(" ARGUMENTS", arguments))
        return subprocess.run(
            [ZEUS, "emulate", "--gpus", "v100x2", "--", *PYTHON, str(self.script)], capture_output=True, text=True,
            timeout=60, env={**ENVIRONMENT, "ZEUS_LOG_PREFIX": self.prefix, "ZEUS_EMULATED_STEP": "0.001,0.001",
                             "ZEUS_MONITOR_SLEEP_MS": "20", **variables})

    def times(self) -> list[dict[str, str]]:
        with open(f"{self.prefix}.time.csv", newline="") as file:
            return list(csv.DictReader(file))

    def check_files(self, seen: int, done: "subprocess.CompletedProcess[str]") -> None:
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"seen {seen}", done.stdout)
        self.assertEqual([(row["epoch"], row["split"]) for row in self.times()],
                         [("1", "train"), ("1", "eval"), ("2", "train"), ("2", "eval")])
        for gpu in range(2):
            text = Path(f"{self.prefix}+gpu{gpu}.power.csv").read_text()
            self.assertTrue(text.startswith("Time,Power\n") and text.endswith("\n"))
        self.assertGreater(avg_power(f"{self.prefix}+gpu0.power.csv"), avg_power(f"{self.prefix}+gpu1.power.csv"))

    def test_it_logs_power_and_times(self) -> None:
        self.check_files(800, self.run_script())
        for row in self.times():  # 40 steps of 11 ms at the highest clock, 10 of 14.3 ms.
            self.assertGreater(float(row["time"]), 0.44 if row["split"] == "train" else 0.14)

    def test_with_the_original_monitors_command_line(self) -> None:
        monitor = Path(ZEUS).parent / "zeus_monitor"
        if not monitor.exists():
            self.skipTest("zeus_monitor is not built")
        # The script's own process may have a sanitizer's library before it; the monitor has its own in itself.
        plain = self.script.with_name("monitor")
        plain.write_text(f'#!/bin/sh\nunset LD_PRELOAD\nexec {monitor} "$@"\n')
        plain.chmod(0o755)
        self.check_files(800, self.run_script(ZEUS_MONITOR_PATH=str(plain)))

    def test_a_part_of_the_data_is_scaled(self) -> None:
        self.check_files(200, self.run_script(", subset_proportion=0.25"))  # 100 samples: 10 steps an epoch.
        # Nine of ten steps, times 400 / 90.
        self.assertGreater(float(self.times()[0]["time"]), 0.011 + 9 * 0.011 * 400 / 90)
        self.check_files(800, self.run_script(", subset_proportion=0.25, only_scale_time=True"))
        self.assertGreater(float(self.times()[0]["time"]), 0.011 + 39 * 0.011 * 400 / 90)

    def test_bad_input(self) -> None:
        for arguments, message in ((", subset_proportion=1.5", "subset_proportion"),
                                   (", subset_proportion=0.02", "more than a batch of 10")):
            done = self.run_script(arguments)
            self.assertRegex(done.stderr.strip().splitlines()[-1], f"^ValueError: .*{message}")
        for variables in ({"ZEUS_LOG_PREFIX": ""}, {"ZEUS_MONITOR_SLEEP_MS": "soon"}):
            done = self.run_script(**variables)
            self.assertRegex(done.stderr.strip().splitlines()[-1], f"^ValueError: {list(variables)[0]}")


if __name__ == "__main__":
    unittest.main()
