"""examples/huggingface: the Trainer finds a power limit by the callback, and trains a job that recurs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unittest

from example_case import SOURCE, ExampleCase, needs

needs("torch")

REQUIREMENTS = "examples/huggingface/requirements.txt"
LIMITS = [100, 125, 150, 175, 200, 225, 250]


def make_environment() -> None:
    """HuggingFace's packages in build/venv-huggingface; skips this file where PyPI does not give them."""
    made = subprocess.run([SOURCE / "tools" / "make_test_environment", "huggingface", REQUIREMENTS],
                          capture_output=True, text=True, check=False)
    if made.returncode != 0:
        reasons = [line for line in made.stderr.splitlines() if line.startswith("ERROR")] or made.stderr.splitlines()
        print(f"skipped: pip cannot install {REQUIREMENTS}: {reasons[0] if reasons else 'it says nothing'}")
        sys.exit(77)


class HuggingFaceExampleTest(ExampleCase):
    example = "huggingface"
    python = SOURCE / "build" / "venv-huggingface" / "bin" / "python"

    def test_the_trainer_finds_a_power_limit(self) -> None:
        output = self.emulated("./train.py --steps 200 --profile profile.json")
        accuracy = re.search(r"^accuracy ([\d.]+) after [\d.]+ s and (\d+) J$", output, re.MULTILINE)
        assert accuracy is not None, output
        self.assertGreater(float(accuracy[1]), 0.75)
        self.assertGreater(int(accuracy[2]), 0)
        profile = json.loads((self.folder / "profile.json").read_text())
        measured = {round(each["power_limit"]): each for each in profile["measurements"]}
        self.assertEqual(sorted(measured), LIMITS)
        # The lowest limit slows a busy card down, and saves.
        self.assertGreater(measured[100]["time"], measured[250]["time"])
        self.assertLess(measured[100]["energy"] / measured[100]["time"], measured[250]["energy"] / measured[250]["time"])

    def test_a_job_that_recurs(self) -> None:
        self.emulated("zeus run job.toml --recurrences 2 --quiet --log-dir logs")
        entries = self.history("logs")
        self.assertEqual(entries[0]["batch_size"], 64)
        self.assertNotEqual(entries[-1]["batch_size"], 64)
        self.assertTrue(any(entry["reached"] for entry in entries), entries)
        for entry in entries:
            self.assertTrue(34 * entry["time_s"] < entry["energy_J"] < 260 * entry["time_s"], entry)  # type: ignore[operator]

    def test_the_target_ends_a_training(self) -> None:
        output = self.emulated("./recurring.py --batch-size 64 --epochs 30", ZEUS_TARGET_METRIC="0.9", ZEUS_LOG_DIR="logs",
                               ZEUS_JOB_ID="job")
        epochs = [float(accuracy) for accuracy in re.findall(r"^epoch \d+: accuracy ([\d.]+)$", output, re.MULTILINE)]
        self.assertGreaterEqual(epochs[-1], 0.9)
        self.assertTrue(all(accuracy < 0.9 for accuracy in epochs[:-1]), epochs)
        result = json.loads((self.folder / "logs" / "job+bs64.train.json").read_text())
        self.assertEqual((result["reached"], result["num_epochs"]), (True, len(epochs)))

    def test_what_costs_too_much_is_given_up(self) -> None:
        output = self.emulated("./recurring.py --batch-size 64", ZEUS_TARGET_METRIC="2", ZEUS_LOG_DIR="logs",
                               ZEUS_JOB_ID="job", ZEUS_COST_THRESH="150")
        self.assertIn("given up: ", output)
        self.assertFalse(json.loads((self.folder / "logs" / "job+bs64.train.json").read_text())["reached"])

    def test_the_readme(self) -> None:
        self.follow_readme()


if __name__ == "__main__":
    make_environment()
    unittest.main()
