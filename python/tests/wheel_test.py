"""The package as people install it: a wheel, in an environment of its own, on a machine without a compiler."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ZEUS_SOURCE_FOLDER"])


class WheelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="zeus_wheel."))
        cls.addClassCleanup(shutil.rmtree, cls.work)
        made = subprocess.run([SOURCE / "tools" / "make_wheel", cls.work], capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        cls.wheel = pathlib.Path(made.stdout.splitlines()[-1])
        # Nothing but Python itself: no compiler, no site packages, no build folder.
        subprocess.run(["/usr/bin/python3", "-m", "venv", cls.work / "venv"], check=True)
        cls.environment = {"PATH": f"{cls.work}/venv/bin:{cls.work}/bin", "HOME": str(cls.work)}
        (cls.work / "bin").mkdir()
        for program in ("env", "sh", "dirname", "readlink"):
            (cls.work / "bin" / program).symlink_to(shutil.which(program) or "")
        cls.run_there("pip", "install", "--no-index", "--disable-pip-version-check", cls.wheel)

    @classmethod
    def run_there(cls, *command: object) -> str:
        done = subprocess.run([str(cls.work / "venv" / "bin" / str(command[0])), *map(str, command[1:])],
                              env=cls.environment, cwd=cls.work, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def test_it_is_imported(self) -> None:
        self.assertIn(str(self.work), self.run_there("python", "-c", "import zeus; print(zeus.__file__)"))

    def test_it_carries_its_libraries(self) -> None:
        module = next((self.work / "venv").glob("lib/python3*/site-packages/zeus/_core.*.so"))
        libraries = subprocess.run(["/usr/bin/ldd", module], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("not found", libraries)
        for line in libraries.splitlines():
            if "libfmt" in line:
                self.assertIn(str(self.work), line)

    def test_it_carries_stubs(self) -> None:
        package = next((self.work / "venv").glob("lib/python3*/site-packages/zeus"))
        self.assertTrue((package / "_core.pyi").is_file())
        self.assertTrue((package / "py.typed").is_file())

    def test_the_commands(self) -> None:
        self.assertIn("simulate", self.run_there("zeus", "--help"))
        self.assertIn("usage", self.run_there("zeus_monitor", "--help").lower())

    def test_the_emulated_gpu(self) -> None:
        self.assertIn("V100", self.run_there("zeus", "emulate", "--gpus", "v100", "--", "zeus", "env"))


if __name__ == "__main__":
    unittest.main()
