"""Jobs, what they cost, their learning rates, and what power logs say."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import tempfile
import unittest
from typing import Any

import pandas as pd
from shared_traces import zeus

from zeus.analyze import HistoryEntry, avg_power, energy
from zeus.job import Job
from zeus.util import zeus_cost as util_zeus_cost
from zeus.util.lr_scaler import LinearScaler as OlderLinearScaler
from zeus.util.metric import zeus_cost as older_zeus_cost
from zeus.utils.lr_scaler import LinearScaler, SquareRootScaler
from zeus.utils.metric import zeus_cost

JOB = Job("birds", "tiny", "Adam", 84.0, 20, 16, 0.1, "/tmp", ["train", "-b", "{bs}", "--lr={lr}", "{lr}"])


class JobTest(unittest.TestCase):
    def test_the_command_is_no_part_of_the_identity(self) -> None:
        self.assertEqual(JOB, dataclasses.replace(JOB, command=["other"]))
        self.assertEqual(hash(JOB), hash(dataclasses.replace(JOB, command=None)))
        self.assertNotEqual(JOB, dataclasses.replace(JOB, default_bs=8))
        with self.assertRaises(dataclasses.FrozenInstanceError):
            JOB.dataset = "fish"  # type: ignore[misc]

    def test_names(self) -> None:
        self.assertEqual(str(JOB), "Job(birds,tiny,Adam,84.0,bs16~20)")
        self.assertEqual(str(Job("birds", "tiny", "sgd", 0.5, 20)), "Job(birds,tiny,sgd,0.5~20)")
        self.assertEqual(JOB.to_logdir(), "birds+tiny+bs16+Adam+lr0.1+tm84.0+me20")

    def test_knobs_are_filled_in_where_they_stand_alone(self) -> None:
        self.assertEqual(JOB.gen_command(32, 0.2, 7, 3), ["train", "-b", "32", "--lr={lr}", "0.2"])
        template = ["{batch_size}", "{learning_rate}", "{seed}", "{epoch}", "{epochs}", "{slice_number}",
                    "{target_metric}", "{other}"]
        self.assertEqual(dataclasses.replace(JOB, command=template).gen_command(32, 4e-7, 7, 3),
                         ["32", "4e-07", "7", "20", "20", "3", "84.0", "{other}"])
        with self.assertRaisesRegex(ValueError, "job.command"):
            dataclasses.replace(JOB, command=None).gen_command(32, 0.2, 7, 3)

    def test_learning_rates(self) -> None:
        for optimizer, expected in [("Adam", 0.2), ("adamw", 0.2), ("AdaDelta", 0.2), ("SGD", 0.4)]:
            self.assertAlmostEqual(dataclasses.replace(JOB, optimizer=optimizer).scale_lr(64), expected)
        for change, error, message in [
                ({"optimizer": "lamb"}, NotImplementedError, "lamb"), ({"default_lr": None}, ValueError, "default_lr"),
                ({"default_bs": None}, ValueError, "default_bs")]:
            with self.subTest(str(change)), self.assertRaisesRegex(error, message):
                dataclasses.replace(JOB, **change).scale_lr(64)
        with self.assertRaisesRegex(TypeError, "batch_size: expected an int, not str"):
            JOB.scale_lr("64")  # type: ignore[arg-type]

    def test_rows_of_a_job(self) -> None:
        df = pd.DataFrame({"dataset": ["birds", "birds", "fish"], "network": "tiny", "optimizer": "Adam",
                           "target_metric": [84.0, 85.0, 84.0], "batch_size": [8, 16, 32]})
        self.assertEqual(list(JOB.filter_df(df).batch_size), [8])
        with self.assertRaisesRegex(ValueError, "no column network"):
            JOB.filter_df(df.drop(columns="network"))


class CostTest(unittest.TestCase):
    def test_cost(self) -> None:
        self.assertEqual(zeus_cost(1000.0, 8.0, 0.5, 100), 900.0)
        self.assertEqual(zeus_cost(1000.0, 8.0, 0.0, 100, num_gpus=2), 1600.0)
        self.assertEqual(zeus_cost(energy=1000.0, time=8.0, eta_knob=1.0, max_power=100), 1000.0)

    def test_scalers(self) -> None:
        self.assertAlmostEqual(SquareRootScaler(bs=16, lr=0.1).compute_lr(64), 0.2)
        self.assertAlmostEqual(LinearScaler(bs=16, lr=0.1).compute_lr(new_bs=64), 0.4)
        for scaler, error, message in [
                (LinearScaler("16", 0.1), TypeError, "bs: "), (LinearScaler(0, 0.1), ValueError, "bs: "),  # type: ignore[arg-type]
                (LinearScaler(16, "0.1"), TypeError, "lr: ")]:  # type: ignore[arg-type]
            with self.subTest(message), self.assertRaisesRegex(error, message):
                scaler.compute_lr(64)
        with self.assertRaisesRegex(ValueError, "new_bs: expected 1 or more"):
            LinearScaler(16, 0.1).compute_lr(0)

    def test_older_names(self) -> None:
        self.assertIs(older_zeus_cost, zeus_cost)
        self.assertIs(util_zeus_cost, zeus_cost)
        self.assertIs(OlderLinearScaler, LinearScaler)


class AnalyzeTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="zeus_test.")
        self.addCleanup(folder.cleanup)
        self.log = pathlib.Path(folder.name) / "power.csv"

    def write(self, milliwatts: list[int], end: str = "") -> None:
        self.log.write_text("Time,Power\n" + "".join(
            f"2022-08-09 10:11:{second:02}.500000000,{power}\n" for second, power in enumerate(milliwatts)) + end)

    def test_energy_and_average_power(self) -> None:
        self.write([100_000, 200_000, 300_000, 200_000])
        self.assertAlmostEqual(energy(self.log), 650)
        self.assertAlmostEqual(avg_power(str(self.log)), 650 / 3)
        self.assertAlmostEqual(energy(self.log, start=1), 500)
        self.assertAlmostEqual(energy(self.log, end=-1), 400)
        self.assertAlmostEqual(avg_power(self.log, start=-2, end=2.5), 250)

    def test_an_incomplete_last_line_is_left_out(self) -> None:
        self.write([100_000, 100_000], end="2022-08-09 10:11:02.5")
        self.assertAlmostEqual(energy(self.log), 100)

    def test_it_says_what_the_command_line_says(self) -> None:
        self.write([100_000, 212_345, 303_030, 200_000])
        said = zeus("analyze", self.log, "--start", "0.5")
        self.assertIn(f"{energy(self.log, 0.5):.3f} J", said)
        self.assertIn(f"{avg_power(self.log, 0.5):.3f} W", said)

    def test_what_is_wrong(self) -> None:
        self.write([100_000, 200_000])
        for arguments, error, message in [
                (("nowhere.csv",), FileNotFoundError, "nowhere.csv"), ((7,), TypeError, "logfile: "),
                ((self.log, "1"), TypeError, "start: "), ((self.log, None, math.nan), ValueError, "end: "),
                ((self.log, 0.5), ValueError, "samples?")]:
            for function in (energy, avg_power):
                with self.subTest(str(arguments)), self.assertRaisesRegex(error, message):
                    function(*arguments)
        self.log.write_text("Time,Power\nyesterday,1\ntoday,2\n")
        with self.assertRaisesRegex(ValueError, r"power\.csv:2"):
            energy(self.log)

    def test_history_entries(self) -> None:
        entry = HistoryEntry(32, 150, 1000.0, True, 8.0)
        fields: dict[str, Any] = dataclasses.asdict(entry)
        self.assertEqual(fields, {"bs": 32, "pl": 150, "energy": 1000.0, "reached": True, "time": 8.0})


if __name__ == "__main__":
    unittest.main()
