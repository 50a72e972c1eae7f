"""zeus.optimizer.power_limit and zeus.callback on emulated GPUs."""

import importlib.util
import json
import os
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path

from emulated_script import ENVIRONMENT, PYTHON
from zeus.callback import Callback, CallbackSet
from zeus.optimizer.power_limit import Energy, MaxSlowdownConstraint, OptimumSelector, PowerLimitMeasurement, Time, ZeusCost

ZEUS = os.environ["ZEUS_PROGRAM"]

MEASURED = [PowerLimitMeasurement(250, 500.0, 1.0), PowerLimitMeasurement(200, 380.0, 1.1),
            PowerLimitMeasurement(150, 330.0, 1.5), PowerLimitMeasurement(100, 400.0, 3.0)]

# A loop that tells of steps and epochs. Its monitor knows beforehand what each window will show.
LOOP = """
    from dataclasses import dataclass
    from zeus.optimizer.power_limit import GlobalPowerLimitOptimizer, Energy, OptimumSelector

    @dataclass
    class Measured:
        time: float
        gpu_energy: dict

    class Monitor:
        gpu_indices = [0, 1]
        def __init__(self):
            self.windows = []
        def begin_window(self, key, sync_execution=True):
            self.windows.append(key)
        def end_window(self, key, sync_execution=True, cancel=False):
            limit = float(key.rsplit("_", 1)[1])
            if cancel:
                self.windows.append("cancelled")
                return Measured(0.0, {})
            return Measured(250 / limit, {0: 10 + abs(limit - 160), 1: 1.0})

    monitor = Monitor()
    optimizer = GlobalPowerLimitOptimizer(monitor, ARGUMENTS)
    steps = 0
    for epoch in range(EPOCHS):
        for step in range(30):
            optimizer.on_step_begin()
        optimizer.on_epoch_end()
    print(optimizer.optimal_power_limit, optimizer.current_power_limit, len(optimizer.measurements), *monitor.windows)
"""


class SelectorTest(unittest.TestCase):
    def test_published_selectors(self) -> None:
        self.assertEqual(Energy().select(MEASURED), 150)
        self.assertEqual(Time().select(MEASURED), 250)
        self.assertEqual(ZeusCost(eta_knob=1).select(MEASURED), 150)
        self.assertEqual(ZeusCost(eta_knob=0).select(MEASURED), 250)
        self.assertEqual(ZeusCost(eta_knob=0.5).select(MEASURED), 200)
        self.assertEqual(MaxSlowdownConstraint(factor=1.6).select(MEASURED), 150)
        self.assertEqual(MaxSlowdownConstraint(1.0).select(MEASURED), 250)

    def test_bad_input(self) -> None:
        for make, message in ((lambda: ZeusCost(1.5), "eta_knob"), (lambda: ZeusCost(0.5, 0), "world_size"),
                              (lambda: MaxSlowdownConstraint(0.9), "max_slowdown_factor"), (lambda: Energy().select([]), "")):
            with self.assertRaisesRegex(ValueError, message):
                make()
        with self.assertRaises(TypeError):
            OptimumSelector()  # type: ignore[abstract]


class CallbackTest(unittest.TestCase):
    def test_a_set_calls_each_in_order(self) -> None:
        seen: list[tuple[int, str, tuple[object, ...]]] = []

        class Noting(Callback):
            def __init__(self, number: int) -> None:
                for hook in [name for name in dir(Callback) if name.startswith("on_")]:
                    setattr(self, hook, lambda *arguments, hook=hook: seen.append((number, hook, arguments)))

        both = CallbackSet([Noting(1), Noting(2)])
        for hook, arguments in (("on_train_begin", ()), ("on_epoch_begin", ()), ("on_step_begin", ()),
                                ("on_step_end", ()), ("on_epoch_end", ()), ("on_evaluate", (0.5,)),
                                ("on_instruction_begin", ("forward",)), ("on_instruction_end", ("forward",)),
                                ("on_train_end", ())):
            getattr(both, hook)(*arguments)
            self.assertEqual(seen[-2:], [(1, hook, arguments), (2, hook, arguments)])
            getattr(Callback(), hook)(*arguments)


class OptimizerTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_loop(self, arguments: str, epochs: int = 2, script: str = LOOP) -> "subprocess.CompletedProcess[str]":
        path = self.folder / "loop.py"
        path.write_text(textwrap.dedent(script).replace("ARGUMENTS", arguments).replace("EPOCHS", str(epochs)))
        # GPUs of no other test: the journal is the whole machine's.
        return subprocess.run(
            [ZEUS, "emulate", "--gpus", "v100x16", "--", *PYTHON, str(path)],
            env={**ENVIRONMENT, "CUDA_VISIBLE_DEVICES": "14,15"}, capture_output=True, text=True, timeout=60)

    def shows(self, arguments: str, epochs: int = 2, script: str = LOOP) -> list[str]:
        done = self.run_loop(arguments, epochs, script)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the GPU is emulated", done.stderr)
        return done.stdout.split()

    def test_a_limit_is_chosen_and_kept_in_the_published_file(self) -> None:
        profile = self.folder / "profile.json"
        arguments = f"wait_steps=1, warmup_steps=2, profile_steps=4, profile_path={str(profile)!r}"
        # 27 steps of an epoch hold four limits and a part of the fifth, which is measured again in the next.
        shown = self.shows("Energy(), " + arguments)
        self.assertEqual(shown[:3], ["150", "150000", "7"])
        prefix = "__GlobalPowerLimitOptimizer_"
        self.assertEqual(shown[3:], [prefix + limit for limit in ("250", "225", "200", "175", "150")] + ["cancelled"] + [
            prefix + limit for limit in ("150", "125", "100")])
        saved = json.loads(profile.read_text())["measurements"]
        self.assertEqual([one["power_limit"] for one in saved], [250, 225, 200, 175, 150, 125, 100])
        self.assertEqual(saved[4], {"power_limit": 150, "energy": 21.0, "time": 250 / 150})
        self.assertEqual(self.shows("Energy(), " + arguments), ["150", "150000", "7"])  # No window: it was read.

    def test_a_selector_of_ones_own(self) -> None:
        script = LOOP.replace("    monitor = Monitor()", """
    class Second(OptimumSelector):
        def select(self, measurements):
            return measurements[1].power_limit

    monitor = Monitor()""")
        self.assertEqual(self.shows("Second(), 0, 1, 2, pl_step=50", script=script)[:3], ["200", "200000", "4"])

    def test_what_python_raises_is_what_the_script_sees(self) -> None:
        for at in ("begin_window", "end_window"):
            script = LOOP.replace(f"def {at}(self, key, sync_execution=True", f"def {at}(self, key, no=1/0 if 0 else 1")
            script = script.replace("    monitor = Monitor()", f"""
    def fail(*arguments, **words):
        raise KeyError("monitor fell over")
    Monitor.{at} = fail
    monitor = Monitor()""")
            done = self.run_loop("warmup_steps=1, profile_steps=2", script=script)
            self.assertEqual(done.returncode, 1)
            self.assertIn("KeyError: 'monitor fell over'", done.stderr)

    def test_bad_input(self) -> None:
        for arguments, message in (
            ("wait_steps=-1", "wait_steps must be non-negative."), ("warmup_steps=-1", "warmup_steps must be non-negative."),
            ("profile_steps=0", "profile_steps must be positive."), ("pl_step=0", "pl_step must be positive.")):
            done = self.run_loop(arguments)
            self.assertEqual(done.stderr.strip().splitlines()[-1], "ValueError: " + message)
        (self.folder / "bad.json").write_text("{")
        done = self.run_loop(f"profile_path={str(self.folder / 'bad.json')!r}")
        self.assertRegex(done.stderr.strip().splitlines()[-1], "^ValueError: .*bad.json")
        done = self.run_loop("", script=LOOP.replace("gpu_indices = [0, 1]", "gpu_indices = [2]"))
        self.assertRegex(done.stderr.strip().splitlines()[-1], "^ValueError: GPU 2 to train on: this process sees 2 GPUs")

    def test_without_the_right_the_error_is_the_published_one(self) -> None:
        config = self.folder / "machine.toml"
        config.write_text('settings = "nobody"\n[[gpu]]\npreset = "v100"\n[[gpu]]\npreset = "v100"\n')
        (self.folder / "loop.py").write_text(textwrap.dedent(LOOP).replace("ARGUMENTS", "").replace("EPOCHS", "1"))
        done = subprocess.run(
            [ZEUS, "emulate", "--config", str(config), "--", *PYTHON, str(self.folder / "loop.py")],
            env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
        self.assertRegex(done.stderr.strip().splitlines()[-1], "^RuntimeError: ")

    @unittest.skipIf(importlib.util.find_spec("transformers"), "transformers is installed")
    def test_the_trainer_callback_without_transformers(self) -> None:
        from zeus.optimizer.power_limit import HFGlobalPowerLimitOptimizer

        with self.assertRaisesRegex(ImportError, "transformers.*not installed"):
            HFGlobalPowerLimitOptimizer(None)  # type: ignore[arg-type]


if __name__ == "__main__":
    unittest.main()
