"""Devices, their settings and their errors, on emulated GPUs and on none."""

import os
import signal
import subprocess
import tempfile
import textwrap
import unittest

from emulated_script import ENVIRONMENT, PYTHON

ZEUS = os.environ["ZEUS_PROGRAM"]
# Borrowed settings are journalled for each GPU of a machine's user: a place that no other test uses.
OURS = ("v100x9", {"CUDA_VISIBLE_DEVICES": "8"})


def command(script: str, gpus: str | None) -> list[str]:
    plain = [*PYTHON, "-c", textwrap.dedent(script)]
    return plain if gpus is None else [ZEUS, "emulate", "--gpus", gpus, "--", *plain]


RAISES = """
def raises(kind, call):
    try:
        call()
    except Exception as error:
        assert type(error) is kind, repr(error)
        return str(error)
    raise SystemExit("no error")
"""


class Case(unittest.TestCase):
    def ok(self, script: str, gpus: str | None = "v100", environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(command(RAISES + textwrap.dedent(script), gpus), capture_output=True, text=True,
                              env=ENVIRONMENT | (environment or {}), timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout


class ReadingTest(Case):
    def test_readings_have_the_published_units(self) -> None:
        self.ok("""
            from zeus.device import get_gpus
            gpus = get_gpus()
            assert gpus is get_gpus() and len(gpus) == len(gpus.gpus) == 2
            assert gpus.get_name(0) == "Tesla V100-PCIE-32GB" == gpus.gpus[0].get_name()
            assert gpus.get_power_management_limit_constraints(1) == (100_000, 250_000)
            assert gpus.get_power_management_limit(0) == 250_000
            assert 10_000 < gpus.get_instant_power_usage(0) < 100_000
            assert 5 < gpus.get_gpu_temperature(0) < 100
            assert gpus.supports_get_total_energy_consumption(0) is True
            assert type(gpus.get_total_energy_consumption(0)) is int
            memory = gpus.get_supported_memory_clocks(0)
            graphics = gpus.get_supported_graphics_clocks(0)
            assert memory and graphics == sorted(graphics, reverse=True)
            assert graphics == gpus.get_supported_graphics_clocks(0, memory_clock_mhz=memory[0])
            assert type(gpus.get_persistence_mode(0)) is bool
            assert gpus.gpus[0].supports_nonblocking_setters is False
            """, "v100x2")

    def test_visible_devices_are_followed(self) -> None:
        out = self.ok("""
            from zeus.device import get_gpus
            print([gpu.get_name() for gpu in get_gpus().gpus])
            """, "v100,a100,h100", {"CUDA_VISIBLE_DEVICES": "2,0"})
        self.assertEqual(out, "['NVIDIA H100 80GB HBM3', 'Tesla V100-PCIE-32GB']\n")
        for strange in "", "MIG-123", "7":
            with self.subTest(strange):
                self.ok("""
                    from zeus.device import get_gpus
                    from zeus.device.gpu import ZeusGPUInitError
                    assert "CUDA_VISIBLE_DEVICES" in raises(ZeusGPUInitError, get_gpus)
                    """, "v100", {"CUDA_VISIBLE_DEVICES": strange})

    def test_differing_gpus(self) -> None:
        self.ok("""
            from zeus.device import get_gpus
            from zeus.device.gpu import ZeusGPUHeterogeneousError
            get_gpus()
            assert "A100" in raises(ZeusGPUHeterogeneousError, lambda: get_gpus(ensure_homogeneous=True))
            """, "v100,a100")

    def test_what_a_gpu_lacks(self) -> None:
        self.ok("""
            from zeus.device import get_gpus
            from zeus.device.exception import ZeusBaseGPUError
            from zeus.device.gpu import ZeusGPUNotSupportedError
            gpus = get_gpus()
            assert not gpus.supports_get_total_energy_consumption(0)
            raises(ZeusGPUNotSupportedError, lambda: gpus.get_total_energy_consumption(0))
            raises(ZeusGPUNotSupportedError, lambda: gpus.get_average_memory_power_usage(0))
            raises(IndexError, lambda: gpus.get_name(1))
            raises(TypeError, lambda: gpus.set_power_management_limit(0, "x"))
            """, "m40")

    def test_old_names_say_so_once(self) -> None:
        self.ok("""
            import warnings
            from zeus.device import get_gpus
            gpus = get_gpus()
            with warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("always")
                assert gpus.getName(0) == gpus.gpus[0].getName() == gpus.get_name(0)
                gpus.getPowerManagementLimitConstraints(gpu_index=0)
            assert [str(warning.message) for warning in seen] == [
                f"'{old}' is deprecated and will be removed in a future version. Use '{new}' instead." for old, new in (
                    ("getName", "get_name"),
                    ("getPowerManagementLimitConstraints", "get_power_management_limit_constraints"))], seen
            """)

    def test_no_gpu(self) -> None:
        self.ok("""
            from zeus.device.gpu import EmptyGPUs
            none = EmptyGPUs()
            assert none.gpus == [] and len(none) == 0
            assert raises(ValueError, lambda: none.get_name(0)) == "No GPUs available."
            assert raises(ValueError, lambda: none.get_average_power_usage(0)) == "No GPUs available."
            raises(ValueError, none._ensure_homogeneous)
            """, None)

    def test_processors(self) -> None:
        self.ok("""
            from zeus.device import get_cpus, get_soc
            from zeus.device.cpu import CpuDramMeasurement, EmptyCPUs
            from zeus.device.exception import ZeusBaseCPUError
            from zeus.device.soc import ZeusSoCInitError
            try:
                for cpu in get_cpus().cpus:
                    assert cpu.get_total_energy_consumption().cpu_mj >= 0
            except ZeusBaseCPUError as error:
                assert str(error) == error.message != ""
            raises(ZeusSoCInitError, get_soc)
            raises(ValueError, lambda: EmptyCPUs().get_total_energy_consumption(0))
            m = CpuDramMeasurement
            assert m(5.0, 3.0) - m(2.0, 1.0) == m(3.0, 2.0)
            assert m(5.0, 3.0) - m(2.0) == m(3.0, 3.0) and m(5.0) - m(2.0, 1.0) == m(3.0, -1.0)
            assert m(5.0) - m(2.0) == m(3.0) and m(4.0, 2.0) / 2 == m(2.0, 1.0)
            raises(ZeroDivisionError, lambda: m(1.0) / 0)
            """, None)


LIMIT = "import sys, zeus.device as d; print(d.get_gpus().get_power_management_limit(0))"


class SettingTest(Case):
    """Each on one machine that two processes share, one after the other."""

    def on_one_machine(self, *scripts: str) -> "list[subprocess.CompletedProcess[str]]":
        """The scripts one after another, while another process keeps the emulated machine as it is."""
        gpus, environment = OURS
        keeper = subprocess.Popen(
            [ZEUS, "emulate", "--gpus", gpus, "--", *PYTHON, "-c",
             "import os; from zeus.device import get_gpus; get_gpus(); print(os.environ['ZEUS_EMULATOR_STATE'], "
             "os.environ['LD_LIBRARY_PATH'], flush=True); input()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT | environment)
        assert keeper.stdin is not None and keeper.stdout is not None
        try:
            state, libraries = keeper.stdout.readline().split()
            shared = ENVIRONMENT | environment | {"ZEUS_EMULATOR_STATE": state, "LD_LIBRARY_PATH": libraries}
            return [subprocess.run([*PYTHON, "-c", RAISES + textwrap.dedent(script)], capture_output=True,
                                   text=True, env=shared, timeout=120) for script in scripts]
        finally:
            keeper.stdin.write("\n")
            keeper.communicate(timeout=60)

    SET = """
        from zeus.device import get_gpus
        gpus = get_gpus()
        gpus.set_power_management_limit(0, 150_000)
        assert gpus.get_power_management_limit(0) == 150_000
        """

    def given_back(self, end: str, code: int) -> None:
        done, after = self.on_one_machine(textwrap.dedent(self.SET) + textwrap.dedent(end), LIMIT)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(after.stdout, "250000\n")

    def test_a_limit_is_given_back_at_the_end(self) -> None:
        self.given_back("", 0)

    def test_a_limit_is_given_back_after_an_exception(self) -> None:
        self.given_back("raise KeyError", 1)

    def test_a_limit_is_given_back_by_a_signal(self) -> None:
        self.given_back("import os, signal; os.kill(os.getpid(), signal.SIGTERM); signal.pause()", -signal.SIGTERM)

    def test_a_limit_is_given_back_after_a_kill(self) -> None:
        killed, after = self.on_one_machine(
            textwrap.dedent(self.SET) + "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            """
            from zeus.device import get_gpus
            gpus = get_gpus()
            assert gpus.get_power_management_limit(0) == 150_000
            gpus.set_power_management_limit(0, 200_000)  # Borrows anew: what was left behind is restored first.
            """)
        self.assertEqual(killed.returncode, -signal.SIGKILL)
        self.assertEqual((after.returncode, after.stderr), (0, ""))

    def test_a_forked_child_does_not_give_back(self) -> None:
        done, after = self.on_one_machine(textwrap.dedent(self.SET) + textwrap.dedent("""
            import multiprocessing, os, sys
            child = os.fork()
            if child == 0:
                raises(RuntimeError, lambda: gpus.set_power_management_limit(0, 120_000))
                assert get_gpus().get_power_management_limit(0) == 150_000
                sys.exit(0)
            assert os.waitpid(child, 0)[1] == 0
            for method in "fork", "spawn":
                worker = multiprocessing.get_context(method).Process(target=abs, args=(1,))
                worker.start()
                worker.join()
                assert worker.exitcode == 0, worker.exitcode
            assert gpus.get_power_management_limit(0) == 150_000
            """), LIMIT)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(after.stdout, "250000\n")

    def test_all_settings(self) -> None:
        done, = self.on_one_machine("""
            from zeus.device import get_gpus
            from zeus.device.gpu import ZeusGPUInvalidArgError
            gpus = get_gpus()
            gpus.set_power_management_limit(0, power_limit_mw=175_000, block=True)
            gpus.reset_power_management_limit(0)
            assert gpus.get_power_management_limit(0) == 250_000
            gpus.set_persistence_mode(0, True)
            assert gpus.get_persistence_mode(0)
            gpus.set_gpu_locked_clocks(0, 510, 1005)
            gpus.reset_gpu_locked_clocks(0)
            message = raises(ZeusGPUInvalidArgError, lambda: gpus.set_power_management_limit(0, 1_000_000))
            assert "100 to 250 W" in message, message
            """)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class ExceptionTest(Case):
    def test_they_are_where_they_were(self) -> None:
        self.ok("""
            import importlib
            for module, base, names in (
                ("zeus.device.exception", "zeus.exception.ZeusBaseError",
                 "ZeusBaseGPUError ZeusBaseCPUError ZeusBaseSoCError"),
                ("zeus.device.exception", "zeus.device.exception.ZeusBaseGPUError", "ZeusdError"),
                ("zeus.device.gpu", "zeus.device.exception.ZeusBaseGPUError", " ".join(
                    f"ZeusGPU{name}Error" for name in
                    "Init InvalidArg NotSupported NoPermission AlreadyInitialized NotFound InsufficientSize "
                    "InsufficientPower DriverNotLoaded Timeout IRQ LibraryNotFound FunctionNotFound CorruptedInfoROM "
                    "Lost ResetRequired OperatingSystem LibRMVersionMismatch Memory Unknown Heterogeneous".split())),
                ("zeus.device.cpu", "zeus.device.exception.ZeusBaseCPUError",
                 "ZeusCPUInitError ZeusCPUNoPermissionError ZeusCPUNotFoundError"),
                ("zeus.device.cpu.rapl", "zeus.device.exception.ZeusBaseCPUError",
                 "ZeusRAPLNotSupportedError ZeusRAPLFileInitError ZeusRAPLPermissionError"),
                ("zeus.device.cpu.emi", "zeus.device.exception.ZeusBaseCPUError",
                 "ZeusEMINotSupportedError ZeusEMIInitError"),
                ("zeus.device.soc.apple", "zeus.device.soc.common.ZeusSoCInitError", "ZeusAppleInitError"),
                ("zeus.device.soc.jetson", "zeus.device.soc.common.ZeusSoCInitError", "ZeusJetsonInitError"),
                ("zeus.utils.zeusd", "zeus.exception.ZeusBaseError",
                 "ZeusdConnectionError ZeusdAuthError ZeusdCapabilityError"),
            ):
                place, _, root = base.rpartition(".")
                parent = getattr(importlib.import_module(place), root)
                for name in names.split():
                    error = getattr(importlib.import_module(module), name)("what")
                    assert isinstance(error, parent) and error.message == str(error) == "what", name
            """, None)

    RETURNS = (("uninitialized", "Init"), ("invalid_argument", "InvalidArg"), ("not_supported", "NotSupported"),
               ("no_permission", "NoPermission"), ("not_found", "NotFound"), ("insufficient_size", "InsufficientSize"),
               ("insufficient_power", "InsufficientPower"), ("driver_not_loaded", "DriverNotLoaded"),
               ("timeout", "Timeout"), ("irq_issue", "IRQ"), ("library_not_found", "LibraryNotFound"),
               ("function_not_found", "FunctionNotFound"), ("corrupted_inforom", "CorruptedInfoROM"),
               ("gpu_is_lost", "Lost"), ("reset_required", "ResetRequired"), ("operating_system", "OperatingSystem"),
               ("lib_rm_version_mismatch", "LibRMVersionMismatch"), ("in_use", "Unknown"), ("memory", "Memory"),
               ("argument_version_mismatch", "Unknown"), ("unknown", "Unknown"))

    def test_each_of_nvmls_returns_has_its_own(self) -> None:
        # The n-th reading of the energy fails with the n-th: the first call of all asks whether there is a counter, and
        # a fault counts the calls that those before it let pass.
        faults = "".join(
            f'[[fault]]\ngpu = 0\nfunction = "nvmlDeviceGetTotalEnergyConsumption"\nerror = "{name}"\n'
            "after_calls = 1\ncalls = 1\n" for name, _ in self.RETURNS)
        self.on_machine(faults, f"""
            import zeus.device.gpu
            gpu = zeus.device.get_gpus().gpus[0]
            for name, kind in {self.RETURNS!r}:
                message = raises(getattr(zeus.device.gpu, f"ZeusGPU{{kind}}Error"), gpu.get_total_energy_consumption)
                assert message.startswith("GPU 0 (Tesla V100-PCIE-32GB): energy: "), message
            assert gpu.get_total_energy_consumption() >= 0
            """)

    def test_a_gpu_that_is_lost(self) -> None:
        self.on_machine('[[fault]]\ngpu = 1\nerror = "gpu_is_lost"\nafter_calls = 100\n', """
            import logging
            from zeus.device import get_gpus
            from zeus.device.gpu import ZeusGPULostError
            from zeus.monitor import ZeusMonitor
            gpus, monitor = get_gpus(), ZeusMonitor(gpu_indices=[1])
            monitor.begin_window("w")
            lost = None
            for _ in range(1000):
                try:
                    gpus.get_total_energy_consumption(1)
                except ZeusGPULostError as error:
                    lost = error
            assert "it fell off the bus" in str(lost), lost
            for call in (gpus.get_instant_power_usage, gpus.get_gpu_temperature, gpus.get_power_management_limit):
                raises(ZeusGPULostError, lambda: call(1))
            raises(ZeusGPULostError, lambda: gpus.set_power_management_limit(1, 150_000))
            raises(ZeusGPULostError, lambda: monitor.end_window("w"))
            assert gpus.get_gpu_temperature(0) > 0
            """)

    def on_machine(self, faults: str, script: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            machine = os.path.join(folder, "machine.toml")
            with open(machine, "w", encoding="utf-8") as file:
                file.write('settings = "everyone"\n[[gpu]]\npreset = "v100"\ncount = 2\n' + faults)
            done = subprocess.run(
                [ZEUS, "emulate", "--config", machine, "--", *PYTHON, "-c", RAISES + textwrap.dedent(script)],
                capture_output=True, text=True, env=ENVIRONMENT, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class ShowEnvironmentTest(unittest.TestCase):
    def test_it_lists_what_is_there(self) -> None:
        done = subprocess.run([ZEUS, "emulate", "--gpus", "v100x2", "--", *PYTHON, "-m", "zeus.show_env"],
                              capture_output=True, text=True, check=True,
                              env=ENVIRONMENT | {"CUDA_VISIBLE_DEVICES": "1", "COLUMNS": "40"})
        sections = done.stdout.split("-" * 40 + "\n")
        self.assertEqual([section.splitlines()[0] for section in sections], [
            "## Package availability and versions", "## Device availability", "## CPU availability",
            "## SoC availability", "## Zeusd daemon"])
        self.assertIn("  CUDA_VISIBLE_DEVICES=1\n", sections[1])
        self.assertIn("    GPU 1 -> GPU 0 (Tesla V100-PCIE-32GB)\n", sections[1])


if __name__ == "__main__":
    unittest.main()
