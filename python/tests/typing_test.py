"""The types: mypy --strict on a program that uses the public names, and on the package itself."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
PACKAGE = pathlib.Path(os.environ["ZEUS_BUILD_FOLDER"]) / "python"
# PyTorch's and others' own types are theirs; reading them takes mypy a minute.
CONFIGURATION = """
[mypy]
strict = True
python_version = 3.11
[mypy-torch.*,pandas.*,numpy.*,transformers.*,jax.*,cupy.*,sklearn.*]
follow_imports = skip
ignore_missing_imports = True
[mypy-zeus.run.dataloader,zeus.profile.torch]
disallow_subclassing_any = False
"""


class TypingTest(unittest.TestCase):
    def check(self, *what: str | pathlib.Path) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "mypy.ini").write_text(CONFIGURATION, encoding="utf-8")
            return subprocess.run(
                [sys.executable, "-m", "mypy", "--config-file", f"{folder}/mypy.ini", "--cache-dir", f"{folder}/cache",
                 *what], env=os.environ | {"MYPYPATH": str(PACKAGE)}, capture_output=True, text=True, check=False)

    def test_a_program_of_the_public_names(self) -> None:
        done = self.check(HERE / "typed_program.py")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_package_itself(self) -> None:
        done = self.check("--package", "zeus")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_wrong_use_is_told(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            wrong = pathlib.Path(folder) / "wrong.py"
            wrong.write_text("from zeus.monitor import ZeusMonitor\nZeusMonitor().begin_window(3)\n", encoding="utf-8")
            done = self.check(wrong)
        self.assertEqual(done.returncode, 1)
        self.assertIn('incompatible type "int"; expected "str"', done.stdout)


if __name__ == "__main__":
    unittest.main()
