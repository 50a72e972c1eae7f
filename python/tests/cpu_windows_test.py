"""Windows over processors, on recorded powercap trees that stand in the place of this machine's."""

import os
import shutil
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path

from emulated_script import ENVIRONMENT, PYTHON

ZEUS = os.environ["ZEUS_PROGRAM"]
TREES = Path(os.environ["ZEUS_SOURCE_FOLDER"]) / "tests" / "support" / "powercap"
# A mount namespace of its own, in which the folder $1 is /sys.
UNSHARED = ["unshare", "--user", "--map-root-user", "--mount", "bash", "-ec",
            'mount --bind "$1" /sys; shift; exec "$@"', "bash"]

SCRIPT = """
    from pathlib import Path
    from zeus.device import get_cpus
    from zeus.monitor import ZeusMonitor

    def advance(zone, joules):
        file = Path("/sys/class/powercap") / zone / "energy_uj"
        file.write_text(f"{int(file.read_text()) + round(joules * 1e6)}\\n")

    def near(found, wanted):
        assert found.keys() == wanted.keys(), found
        assert all(abs(found[key] - wanted[key]) < 1e-3 for key in wanted), found
    """


class CpuWindowsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        tried = subprocess.run([*UNSHARED, str(self.folder), "true"], capture_output=True, text=True)
        if tried.returncode != 0:
            self.skipTest(f"this place allows no mounts of one's own: {tried.stderr.strip()}")

    def ok(self, tree: str, script: str) -> None:
        shutil.copytree(TREES / tree / "sys", self.folder / "sys", symlinks=True)
        done = subprocess.run(
            [ZEUS, "emulate", "--gpus", "v100", "--", *UNSHARED, str(self.folder / "sys"), *PYTHON, "-c",
             textwrap.dedent(SCRIPT) + textwrap.dedent(script)],
            cwd=self.folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_windows_tell_each_package_and_its_memory(self) -> None:
        self.ok("two_sockets_dram", """
            assert len(get_cpus()) == 2
            monitor = ZeusMonitor(gpu_indices=[])
            assert list(monitor.cpu_indices) == [0, 1]
            monitor.begin_window("outer")
            advance("intel-rapl:0", 5)
            monitor.begin_window("inner")
            advance("intel-rapl:0", 7)
            advance("intel-rapl:1", 3)
            advance("intel-rapl:1:0", 0.5)
            inner = monitor.end_window("inner")
            outer = monitor.end_window("outer")
            near(inner.cpu_energy, {0: 7, 1: 3})
            near(inner.dram_energy, {0: 0, 1: 0.5})
            near(outer.cpu_energy, {0: 12, 1: 3})
            assert inner.gpu_energy == {}, inner
            """)

    def test_only_the_packages_that_are_asked_for(self) -> None:
        self.ok("two_sockets_dram", """
            # The window is shorter than a step of the GPU's counter.
            monitor = ZeusMonitor(gpu_indices=[0], cpu_indices=[1], approx_instant_energy=True)
            monitor.begin_window("w")
            advance("intel-rapl:0", 5)
            advance("intel-rapl:1", 3)
            measured = monitor.end_window("w")
            near(measured.cpu_energy, {1: 3})
            assert list(measured.gpu_energy) == [0], measured
            try:
                ZeusMonitor(gpu_indices=[], cpu_indices=[2])
            except IndexError:
                pass
            else:
                raise SystemExit("processor 2 was found")
            """)

    def test_a_package_without_memory(self) -> None:
        self.ok("one_socket", """
            monitor = ZeusMonitor(gpu_indices=[], cpu_indices=[0])
            monitor.begin_window("w")
            advance("intel-rapl:0", 2)
            measured = monitor.end_window("w")
            near(measured.cpu_energy, {0: 2})
            assert not measured.dram_energy, measured
            """)


if __name__ == "__main__":
    unittest.main()
