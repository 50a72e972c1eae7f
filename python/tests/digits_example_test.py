"""examples/digits: PyTorch under zeus run on an emulated GPU, in one process and data parallel."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ZEUS_SOURCE_FOLDER"])
ZEUS = pathlib.Path(os.environ["ZEUS_PROGRAM"])
LIMITS = [100, 125, 150, 175, 200, 225, 250]
TARGET = 0.965


class DigitsExampleTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="zeus_digits."))
        self.addCleanup(shutil.rmtree, self.folder)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ZEUS_", "LD_"))}
        self.environment = environment | {
            "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), str(ZEUS.parent), os.environ["PATH"]]),
            "OMP_NUM_THREADS": "1"}

    def run_on(self, gpus: int, *arguments: str, wanted: int = 0) -> subprocess.CompletedProcess[str]:
        # A name of its own gives a GPU a UUID of its own: settings are journalled by UUID.
        machine = self.folder / "machine.toml"
        machine.write_text('settings = "everyone"\n' + "".join(
            f'[[gpu]]\npreset = "v100"\nname = "Tesla V100 {i} of {self._testMethodName}"\n' for i in range(gpus)))
        done = subprocess.run(
            [ZEUS, "emulate", "--config", machine, "--state", self.folder / "state", "--", *arguments],
            cwd=SOURCE / "examples" / "digits", env=self.environment, capture_output=True, text=True, timeout=250,
            check=False)
        self.assertEqual(done.returncode, wanted, done.stdout + done.stderr)
        return done

    def zeus_run(self, gpus: int, job: str, recurrences: int) -> tuple[dict[str, object], pathlib.Path]:
        """The history of a run, and its folder."""
        self.run_on(gpus, str(ZEUS), "run", job, "--recurrences", str(recurrences), "--quiet", "--log-dir",
                    str(self.folder / "runs"), "--plot", str(self.folder / "cost.svg"))
        folder, = (self.folder / "runs").iterdir()
        self.assertIn("recurrence 1:", (self.folder / "cost.svg").read_text())
        return json.loads((folder / "history.json").read_text()), folder

    def check_try(self, entry: dict[str, object], folder: pathlib.Path, gpus: int) -> None:
        name = f"rec{entry['recurrence'] + 1:02}+try{entry['try'] + 1:02}"  # type: ignore[operator]
        lines = [line for line in (folder / f"{name}.train.log").read_text().splitlines() if line.startswith("epoch ")]
        accuracies = [float(line.rsplit(" ", 1)[1]) for line in lines]
        self.assertEqual(len(lines), entry["num_epochs"])
        # Ended by the epoch that reached the target, and by no other. Four digits are printed.
        self.assertEqual([accuracy >= TARGET - 5e-5 for accuracy in accuracies],
                         [False] * (len(lines) - 1) + [entry["reached"]])
        # An awake V100 draws 34 W, and no limit lets it draw more than 250.
        energy, time = entry["energy_J"], entry["time_s"]
        self.assertTrue(30 * gpus * time < energy < 260 * gpus * time, (energy, time))  # type: ignore[operator]
        profile = json.loads((folder / f"bs{entry['batch_size']}.power.json").read_text())
        self.assertEqual(sorted(int(limit) for limit in profile["train_power"]), [1000 * limit for limit in LIMITS])
        self.assertEqual(profile["optimal_pl"], 1000 * entry["power_limit_W"])  # type: ignore[operator]

    def test_recurrences(self) -> None:
        history, folder = self.zeus_run(1, "job.toml", 2)
        entries = history["entries"]
        # Exploration begins at the default, which always reaches the target, and goes up from there.
        self.assertEqual([each["batch_size"] for each in entries], [32, 64])  # type: ignore[attr-defined]
        self.assertTrue(entries[0]["reached"])  # type: ignore[index]
        for entry in entries:  # type: ignore[attr-defined]
            self.check_try(entry, folder, 1)

    def test_what_misses_the_target_is_pruned(self) -> None:
        # Costs are measured, and a busy machine makes them larger: with this beta none ends a try, and what fails does
        # so by its accuracy alone.
        text = (SOURCE / "examples" / "digits" / "job.toml").read_text()
        for before, after in (("[32, 64, 128, 256, 512, 1024]", "[32, 1024]"), ("beta = 2.0", "beta = 1000.0"),
                              ("[run]", f'workdir = "{SOURCE / "examples" / "digits"}"\n\n[run]')):
            self.assertIn(before, text)
            text = text.replace(before, after)
        job = self.folder / "job.toml"
        job.write_text(text)
        history, _ = self.zeus_run(1, str(job), 4)
        tries = [(each["recurrence"], each["batch_size"], each["reached"])
                 for each in history["entries"]]  # type: ignore[attr-defined]
        # Tried once, replaced in the same recurrence, and not tried again in the second round or after it.
        self.assertEqual(tries, [(0, 32, True), (1, 1024, False), (1, 32, True), (2, 32, True), (3, 32, True)])

    def test_data_parallel(self) -> None:
        history, folder = self.zeus_run(2, "data_parallel.toml", 1)
        entry, = history["entries"]  # type: ignore[misc]
        self.assertEqual((entry["batch_size"], entry["reached"]), (64, True))
        self.check_try(entry, folder, 2)

    def train(self, *arguments: str, wanted: int = 0) -> subprocess.CompletedProcess[str]:
        self.environment |= {"ZEUS_TARGET_METRIC": str(TARGET), "ZEUS_LOG_DIR": str(self.folder / "logs"),
                             "ZEUS_PROFILE_PARAMS": "1,5", "ZEUS_EMULATED_STEP": "0.001,0"}
        return self.run_on(1, sys.executable, "train.py", *arguments, wanted=wanted)

    def test_a_batch_that_is_too_large_fails(self) -> None:
        output = self.train("--batch-size", "1024", "--learning-rate", "0.96", "--seed", "3").stdout
        self.assertEqual(output.count("epoch "), 12)
        result = json.loads((self.folder / "logs" / "zeus+bs1024.train.json").read_text())
        self.assertEqual((result["num_epochs"], result["reached"]), (12, False))

    def test_a_seed_gives_one_run(self) -> None:
        first, second = (self.train("--batch-size", "128", "--learning-rate", "0.12", "--seed", "5").stdout
                         for _ in range(2))
        self.assertEqual(first, second)
        self.assertNotEqual(first, self.train("--batch-size", "128", "--learning-rate", "0.12", "--seed", "6").stdout)

    def test_wrong_flags(self) -> None:
        self.assertIn("cannot be shared by 2 processes",
                      self.train("--batch-size", "33", "--processes", "2", wanted=2).stderr)
        self.assertIn("invalid whole number above 0 value: '0'", self.train("--batch-size", "0", wanted=2).stderr)


if __name__ == "__main__":
    missing = [name for name in ("torch", "sklearn") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} missing; tools/install_dependencies run installs Debian's")
        sys.exit(77)
    unittest.main()
