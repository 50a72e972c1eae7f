"""Windows, power and temperature over emulated GPUs, and over none."""

import os
import subprocess
import tempfile
import textwrap
import unittest

from emulated_script import ENVIRONMENT, PYTHON

ZEUS = os.environ["ZEUS_PROGRAM"]


def run(script: str, gpus: str | None = "v100", environment: dict[str, str] | None = None,
        arguments: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    """What a script prints, on emulated GPUs or on none."""
    command = [*PYTHON, "-c", textwrap.dedent(script), *arguments]
    if gpus is not None:
        command = [ZEUS, "emulate", "--gpus", gpus, "--", *command]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT | (environment or {}), timeout=120)


class Case(unittest.TestCase):
    def ok(self, *arguments: object, **keywords: object) -> str:
        done = run(*arguments, **keywords)  # type: ignore[arg-type]
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout


class WindowTest(Case):
    def test_a_script_for_the_published_package_runs(self) -> None:
        out = self.ok("""
            import time
            from zeus.monitor import ZeusMonitor
            monitor = ZeusMonitor(gpu_indices=[0, 1])
            for epoch in range(2):
                monitor.begin_window("epoch")
                steps = []
                for x in range(3):
                    monitor.begin_window("step")
                    time.sleep(0.15)
                    steps.append(monitor.end_window("step"))
                result = monitor.end_window("epoch")
                assert set(result.gpu_energy) == {0, 1}
                assert result.total_energy == sum(result.gpu_energy.values())
                assert 0.45 <= result.time < 30
                assert all(0 < step.total_energy < result.total_energy for step in steps)
                # An idle V100 draws tens of watts.
                assert 10 < result.gpu_energy[0] / result.time < 100, result
            print("done")
            """, "v100x2")
        self.assertEqual(out, "done\n")

    def test_a_window_is_a_context_manager(self) -> None:
        self.ok("""
            import time
            from zeus.monitor import ZeusMonitor
            monitor = ZeusMonitor(cpu_indices=[])
            window = monitor.window("epoch")
            try:
                window.measurement
                raise SystemExit("a window that has not ended has no measurement")
            except RuntimeError:
                pass
            with monitor.window("epoch") as w:
                time.sleep(0.1)
            assert w.measurement.time >= 0.1 and w.measurement.total_energy > 0
            try:
                with monitor.window("epoch"):
                    raise KeyError("of the loop")
            except KeyError:
                pass
            monitor.begin_window("epoch")  # The one of before is forgotten.
            """)

    def test_errors_restart_and_cancel(self) -> None:
        self.ok("""
            from zeus.monitor import Measurement, ZeusMonitor
            def raises(kind, call):
                try:
                    call()
                except Exception as error:
                    assert type(error) is kind, repr(error)
                    return str(error)
                raise SystemExit("no error")
            monitor = ZeusMonitor(gpu_indices=[1], cpu_indices=[])
            monitor.begin_window("a")
            assert "'a' already exists" in raises(ValueError, lambda: monitor.begin_window("a"))
            monitor.begin_window("a", restart=True)
            assert monitor.end_window("a", cancel=True) == Measurement(0.0, {1: 0.0})
            assert "'a' does not exist" in raises(ValueError, lambda: monitor.end_window("a"))
            assert "'b' does not exist" in raises(ValueError, lambda: monitor.end_window("b", cancel=True))
            monitor.begin_window("a"); monitor.begin_window("b")
            monitor.reset_windows()
            monitor.begin_window("a"); monitor.begin_window("b")
            raises(TypeError, lambda: monitor.begin_window(3))
            assert "no GPU 2" in raises(IndexError, lambda: ZeusMonitor(gpu_indices=[2]))
            raises(TypeError, lambda: ZeusMonitor(gpu_indices=["0"]))
            raises(ValueError, lambda: ZeusMonitor(gpu_indices=[0, 0]))
            raises(ValueError, lambda: ZeusMonitor(sync_execution_with="tf"))
            """, "v100x2")

    def test_a_measurement_is_a_dataclass(self) -> None:
        out = self.ok("""
            import dataclasses, pickle, time
            from zeus.monitor import Measurement, ZeusMonitor
            assert repr(Measurement(time=1.5, gpu_energy={0: 2.0})) == \\
                "Measurement(time=1.5, gpu_energy={0: 2.0}, cpu_energy=None, dram_energy=None, soc_energy=None)"
            monitor = ZeusMonitor(cpu_indices=[], approx_instant_energy=True)
            monitor.begin_window("short")
            measurement = monitor.end_window("short")
            assert type(measurement) is Measurement
            assert measurement.total_energy > 0  # Estimated.
            assert pickle.loads(pickle.dumps(measurement)) == measurement
            print(*dataclasses.asdict(measurement))
            """)
        self.assertEqual(out, "time gpu_energy cpu_energy dram_energy soc_energy\n")

    def test_a_window_of_zero_joules_is_told_once(self) -> None:
        self.ok("""
            import warnings
            from zeus.monitor import ZeusMonitor
            monitor = ZeusMonitor(cpu_indices=[])
            with warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("always")
                for step in range(100):
                    monitor.begin_window("short")
                    monitor.end_window("short")
            assert len(seen) == 1 and "approx_instant_energy" in str(seen[0].message), seen
            """)

    def test_an_old_gpu_is_sampled(self) -> None:
        self.ok("""
            import time
            from zeus.monitor import ZeusMonitor
            monitor = ZeusMonitor(cpu_indices=[])
            assert not monitor.gpus.supports_get_total_energy_consumption(0)
            monitor.begin_window("w")
            time.sleep(0.5)
            measurement = monitor.end_window("w")
            power = monitor.gpus.get_instant_power_usage(0) / 1000
            # At rest power is constant: what the sampler integrates is power times time, edges included.
            assert abs(measurement.gpu_energy[0] - power * measurement.time) < 0.2 * power * measurement.time
            """, "m40")

    def test_without_a_gpu(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.ok("""
                import sys
                from zeus.monitor import PowerMonitor, ZeusMonitor
                monitor = ZeusMonitor(cpu_indices=[], log_file=sys.argv[1])
                assert monitor.gpu_indices == [] and len(monitor.gpus) == 0
                with monitor.window("w") as w:
                    pass
                assert w.measurement.gpu_energy == {} and w.measurement.cpu_energy is None
                assert w.measurement.total_energy == 0
                """, "v100", {"CUDA_VISIBLE_DEVICES": ""}, (folder + "/deep/er/log.csv",))
            with open(folder + "/deep/er/log.csv", encoding="ascii") as log:
                self.assertEqual(log.readline(), "start_time,window_name,elapsed_time,\n")

    def test_the_log_holds_what_python_would_have_written(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            out = self.ok("""
                import sys, time
                from zeus.monitor import ZeusMonitor
                monitor = ZeusMonitor(gpu_indices=[2, 0], cpu_indices=[], log_file=sys.argv[1])
                monitor.begin_window("outer")
                for name in "a", "b":
                    monitor.begin_window(name)
                    time.sleep(0.1)
                    m = monitor.end_window(name)
                    print(name, m.time, m.gpu_energy[2], m.gpu_energy[0], sep=",")
                monitor.end_window("outer")
                monitor.begin_window("cancelled")
                monitor.end_window("cancelled", cancel=True)
                """, "v100x3", None, (folder + "/log.csv",))
            with open(folder + "/log.csv", encoding="ascii") as log:
                lines = log.read().splitlines()
            self.assertEqual(lines[0], "start_time,window_name,elapsed_time,gpu2_energy,gpu0_energy")
            self.assertEqual([line.split(",", 1)[1] for line in lines[1:3]], out.splitlines())
            for line in lines[1:]:
                start, _, *numbers = line.split(",")
                for number in (start, *numbers):
                    self.assertEqual(number, str(float(number)))
            self.assertEqual([line.split(",")[1] for line in lines[1:]], ["a", "b", "outer"])

    def test_threads_have_windows_of_their_own(self) -> None:
        self.ok("""
            import threading, time
            from zeus.monitor import ZeusMonitor
            monitor = ZeusMonitor(cpu_indices=[], approx_instant_energy=True)
            failures = []
            def work(name):
                try:
                    for step in range(200):
                        monitor.begin_window(name)
                        assert monitor.end_window(name).gpu_energy[0] >= 0
                except Exception as error:
                    failures.append(error)
            threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            assert not failures, failures
            """)


class ForkTest(Case):
    SCRIPT = """
        import os, sys, time
        from zeus.device import get_gpus
        from zeus.monitor import PowerMonitor, ZeusMonitor
        monitor = ZeusMonitor(cpu_indices=[])
        power = PowerMonitor(update_period=0.1)
        old = get_gpus()
        monitor.begin_window("parent")
        child = os.fork()
        if child == 0:
            code = 1
            for call in (lambda: monitor.end_window("parent"), lambda: power.get_power(), lambda: old.get_name(0)):
                try:
                    call()
                    os._exit(2)
                except RuntimeError as error:
                    assert "fork" in str(error), error
            del monitor, power, old  # Must not wait for the parent's threads.
            mine = ZeusMonitor(cpu_indices=[])
            mine.begin_window("child")
            time.sleep(0.3)
            assert mine.end_window("child").total_energy > 0
            sys.exit(0)
        pid, status = os.waitpid(child, 0)
        assert status == 0, status
        assert monitor.end_window("parent").total_energy > 0
        assert power.get_power(power_domain=power.power_domains[0]) is not None
        """

    def test_a_forked_child_has_monitors_of_its_own(self) -> None:
        for gpus in "v100", "m40":
            with self.subTest(gpus):
                self.ok(self.SCRIPT, gpus)

    def test_workers_of_multiprocessing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/workers.py"
            with open(path, "w", encoding="ascii") as file:
                file.write(textwrap.dedent("""
                    import multiprocessing, sys, time
                    from zeus.monitor import ZeusMonitor
                    def work(result):
                        with ZeusMonitor(cpu_indices=[]).window("w") as window:
                            time.sleep(0.2)
                        result.put(window.measurement.total_energy)
                    if __name__ == "__main__":
                        context = multiprocessing.get_context(sys.argv[1])
                        monitor = ZeusMonitor(cpu_indices=[])
                        result = context.Queue()
                        worker = context.Process(target=work, args=(result,))
                        worker.start()
                        assert result.get(timeout=60) > 0
                        worker.join()
                        assert worker.exitcode == 0, worker.exitcode
                    """))
            for method in "fork", "spawn":
                with self.subTest(method):
                    done = subprocess.run([ZEUS, "emulate", "--gpus", "v100", "--", *PYTHON, path, method],
                                          capture_output=True, text=True, timeout=120, env=ENVIRONMENT)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))


class PowerTest(Case):
    def test_a_constant_power_is_energy(self) -> None:
        self.ok("""
            import time
            from zeus.monitor import PowerDomain, PowerMonitor
            monitor = PowerMonitor(update_period=0.05)
            time.sleep(0.5)
            end = time.time()
            start = end - 0.3
            watts = monitor.get_power()
            energy = monitor.get_energy(start, end)
            assert set(watts) == set(energy) == {0, 1}
            for gpu in watts:
                assert abs(energy[gpu] - watts[gpu] * 0.3) < 0.1 * watts[gpu] * 0.3, (energy, watts)
            assert monitor.get_energy(start, start) == {0: 0.0, 1: 0.0}
            timeline = monitor.get_power_timeline("device_instant", start_time=start)
            assert all(start <= t for points in timeline.values() for t, _ in points)
            assert monitor.get_power_timeline(PowerDomain.DEVICE_INSTANT, gpu_index=7) == {}
            assert "device_instant" in monitor.get_all_power_timelines()
            before = monitor.get_power_timeline("device_instant")
            monitor.stop(); monitor.stop()
            time.sleep(0.2)
            after = monitor.get_power_timeline("device_instant")
            assert all(point[0] <= time.time() - 0.2 for points in after.values() for point in points)
            later = monitor.get_energy(start, end)  # Held over then, interpolated now.
            assert all(abs(later[gpu] - energy[gpu]) < 0.01 * energy[gpu] for gpu in energy), (later, energy)
            assert monitor.get_power() is not None
            """, "h100x2")

    def test_errors(self) -> None:
        self.ok("""
            from zeus.monitor import PowerMonitor, TemperatureMonitor
            def raises(kind, call):
                try:
                    call()
                except kind:
                    return
                raise SystemExit("no error")
            raises(ValueError, lambda: PowerMonitor(gpu_indices=[]))
            raises(ValueError, lambda: PowerMonitor(power_domains=[]))
            raises(ValueError, lambda: PowerMonitor(power_domains=["memory_average"], update_period=0.1))
            raises(ValueError, lambda: PowerMonitor(power_domains=["x"]))
            raises(ValueError, lambda: PowerMonitor(update_period=0.0))
            raises(ValueError, lambda: PowerMonitor(max_samples_per_gpu=0))
            raises(IndexError, lambda: PowerMonitor(gpu_indices=[1]))
            raises(ValueError, lambda: TemperatureMonitor(update_period=-1.0))
            monitor = PowerMonitor(power_domains=["device_instant", "device_instant"], update_period=0.1)
            raises(ValueError, lambda: monitor.get_power_timeline("device_average"))
            raises(ValueError, lambda: monitor.get_energy(2.0, 1.0))
            """)

    def test_temperature(self) -> None:
        self.ok("""
            from zeus.monitor import TemperatureMonitor
            monitor = TemperatureMonitor(update_period=0.1)
            now = monitor.get_temperature()
            assert set(now) == {0, 1} and all(type(t) is int and 10 < t < 100 for t in now.values()), now
            assert set(monitor.get_temperature_timeline(gpu_index=1)) == {1}
            monitor.stop()
            assert monitor.get_temperature() is not None
            """, "v100x2")


class ContextTest(Case):
    def test_some_steps_are_measured(self) -> None:
        self.ok("""
            import time
            from zeus.monitor import ZeusMonitorContext
            steps = ZeusMonitorContext(skip_steps=2, profile_steps=3)
            for _ in range(2):
                for step in range(7):
                    with steps.step():
                        time.sleep(0.3 if step < 2 else 0.1)
                        try:
                            steps.is_done
                            raise SystemExit("is_done within a step")
                        except RuntimeError:
                            pass
                    assert steps.is_done == (step >= 4)
                    if not steps.is_done:
                        try:
                            steps.total_energy
                            raise SystemExit("too early")
                        except RuntimeError:
                            pass
                assert 0.3 <= steps.total_time and steps.avg_time == steps.total_time / 3
                assert steps.total_energy > 0 and steps.avg_energy == steps.total_energy / 3
                steps.reset()
                assert not steps.is_done
            """)


class CommandTest(Case):
    def interrupted(self, *arguments: str) -> str:
        """What it printed by an interrupt, sent a while after it has prepared for one."""
        return self.ok("""
            import os, runpy, signal, sys, threading, time
            before = signal.getsignal(signal.SIGINT)
            def interrupt():
                while signal.getsignal(signal.SIGINT) is before:
                    time.sleep(0.01)
                time.sleep(1)
                os.kill(os.getpid(), signal.SIGINT)
            threading.Thread(target=interrupt, daemon=True).start()
            runpy.run_module("zeus.monitor", run_name="__main__", alter_sys=True)
            """, "v100x2", None, arguments)

    def test_energy(self) -> None:
        out = self.interrupted("energy", "--gpu-indices", "1")
        self.assertRegex(out, r"^Measurement\(time=[\d.]+, gpu_energy=\{1: [\d.]+\}, cpu_energy=.*soc_energy=None\)\n$")

    def test_power(self) -> None:
        out = self.interrupted("power", "--update-period", "0.2")
        lines = out.splitlines()
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} \{'GPU0': [\d.]+, 'GPU1': [\d.]+\}$")
        self.assertEqual(lines[-3], "")
        self.assertRegex(lines[-2], r"^Total time \(s\): [\d.]+$")
        self.assertRegex(lines[-1], r"^Total energy \(J\): \{'GPU0': [\d.]+, 'GPU1': [\d.]+\}$")

    def test_a_command_is_required(self) -> None:
        self.assertEqual(subprocess.run([*PYTHON, "-m", "zeus.monitor"], capture_output=True).returncode, 2)


if __name__ == "__main__":
    unittest.main()
