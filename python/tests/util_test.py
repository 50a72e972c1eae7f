"""Small things: environment variables, output, frameworks, replayed windows."""

import contextlib
import io
import os
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import zeus.util.env
from zeus.monitor import Measurement, ZeusMonitor
from zeus.utils import framework
from zeus.utils.env import get_env
from zeus.utils.logging import FileAndConsole
from zeus.utils.testing import ReplayZeusMonitor


class EnvironmentTest(unittest.TestCase):
    def test_values(self) -> None:
        with mock.patch.dict(os.environ, {"A": "3", "B": "TrUe", "C": "false", "D": "x"}):
            self.assertEqual(get_env("A", int), 3)
            self.assertEqual(get_env("A", float), 3.0)
            self.assertEqual(get_env("D", str), "x")
            self.assertIs(get_env("B", bool), True)
            self.assertIs(get_env("C", bool, True), False)
            self.assertEqual(get_env("NOT_THERE", int, 0), 0)
            for name, kind, message in (("NOT_THERE", int, "'NOT_THERE'"), ("A", bool, "'3'"), ("D", float, "D: ")):
                with self.assertRaisesRegex(ValueError, message):
                    get_env(name, kind)
        self.assertIs(zeus.util.env.get_env, get_env)


class OutputTest(unittest.TestCase):
    def test_a_tee(self) -> None:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as console:
            path = pathlib.Path(folder, "log")
            tee = FileAndConsole(path)
            print("höher", file=tee)
            self.assertEqual(path.read_text(encoding="utf-8"), "höher\n")
            tee.file.close()
        self.assertEqual(console.getvalue(), "höher\n")


class FrameworkTest(unittest.TestCase):
    def test_one_process(self) -> None:
        self.assertEqual(framework.all_reduce([1, 5, 2], "sum"), [1, 5, 2])
        self.assertEqual((framework.is_distributed(), framework.get_rank(), framework.get_world_size()), (False, 0, 1))
        with self.assertRaisesRegex(ValueError, "mean"):
            framework.all_reduce([1], "mean")  # type: ignore[arg-type]
        with self.assertRaisesRegex(ValueError, "tf"):
            framework.sync_execution([0], "tf")  # type: ignore[arg-type]

    def test_what_is_missing_is_named(self) -> None:
        for name, said in (("torch", "Pytorch"), ("jax", "JAX"), ("cupy", "CuPy")):
            with mock.patch.dict(sys.modules, {name: None}), self.assertRaisesRegex(RuntimeError, said):
                framework.sync_execution([0], name)  # type: ignore[arg-type]


class ReplayTest(unittest.TestCase):
    LOG = "start_time,window_name,elapsed_time,gpu0_energy,gpu2_energy\n1.0,a,2.5,10.0,20.5\n2.0,b,1.0,1.0,2.0\n"

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = pathlib.Path(folder.name, "log.csv")
        self.log.write_text(self.LOG, encoding="ascii")

    def test_windows_are_rows(self) -> None:
        monitor = ReplayZeusMonitor(log_file=self.log)
        self.assertIsInstance(monitor, ZeusMonitor)
        self.assertEqual(monitor.gpu_indices, [0, 2])
        with monitor.window("a") as window:
            monitor.begin_window("b")
            monitor.end_window("b", cancel=True)
        self.assertEqual(window.measurement, Measurement(2.5, {0: 10.0, 2: 20.5}))
        self.assertEqual(window.measurement.total_energy, 30.5)
        monitor.begin_window("b")
        self.assertEqual(monitor.end_window("b").time, 1.0)
        monitor.begin_window("c")
        with self.assertRaisesRegex(RuntimeError, "No more lines"):
            monitor.end_window("c")

    def test_errors(self) -> None:
        with self.assertRaisesRegex(ValueError, "`log_file`"):
            ReplayZeusMonitor()
        with self.assertRaises(FileNotFoundError):
            ReplayZeusMonitor(log_file=self.log.with_name("other"))
        with self.assertRaisesRegex(ValueError, "2 GPUs"):
            ReplayZeusMonitor([0], log_file=self.log)
        monitor = ReplayZeusMonitor(log_file=self.log)
        with self.assertRaisesRegex(RuntimeError, "Window x is not ongoing."):
            monitor.end_window("x")
        monitor.begin_window("x")
        with self.assertRaisesRegex(RuntimeError, "Window x is already ongoing."):
            monitor.begin_window("x")
        with self.assertRaisesRegex(RuntimeError, "Was expecting a, not x."):
            monitor.end_window("x")
        self.log.write_text(self.LOG + "3.0,c,1.0,1.0\n", encoding="ascii")
        with self.assertRaisesRegex(ValueError, ":4"):
            ReplayZeusMonitor(log_file=self.log)

    def test_other_names(self) -> None:
        monitor = ReplayZeusMonitor(gpu_indices=[5, 6], log_file=self.log, match_window_name=False)
        monitor.begin_window("x")
        self.assertEqual(monitor.end_window("x").gpu_energy, {5: 10.0, 6: 20.5})


if __name__ == "__main__":
    unittest.main()
