"""The documents about Python: what they show runs, in the order shown, and prints what they show.

A Python block whose first line is "# NAME.py" becomes that file; any other runs at once. Every line of an sh block runs
under bash. A text block right after an sh block shows lines of its last command's output, in order. One folder for each
document, on an emulated GPU.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ZEUS_SOURCE_FOLDER"])
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Run by others: wheel_test installs the package, tools_test runs tools.
ELSEWHERE = ("tools/", "python3 -m venv", "my-venv/bin/pip ")


class DocumentsTest(unittest.TestCase):
    def check_document(self, name: str) -> None:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="zeus_document."))
        self.addCleanup(shutil.rmtree, folder)
        shutil.copytree(SOURCE / "traces", folder / "traces")
        # A name of its own gives the GPU a UUID of its own: settings are journalled by UUID, for all tests together.
        (folder / "machine.toml").write_text(
            f'settings = "everyone"\n[[gpu]]\npreset = "v100"\nname = "Tesla V100 of {name}"\n', encoding="utf-8")
        (folder / "bin").mkdir()
        (folder / "bin" / "python").symlink_to(sys.executable)
        self.environment = os.environ | {
            "PATH": f"{folder}/bin:{pathlib.Path(os.environ['ZEUS_PROGRAM']).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{folder}:{os.environ['PYTHONPATH']}"}
        text = (SOURCE / "docs" / name).read_text(encoding="utf-8")
        ran, output, last = 0, "", ""
        for language, block in BLOCK.findall(text):
            if language == "python":
                ran += 1
                file = re.match(r"# (\w+\.py)\n", block)
                if file:
                    (folder / file[1]).write_text(block, encoding="utf-8")
                    compile(block, file[1], "exec")
                elif not block.startswith("# Not run here"):
                    (folder / "block.py").write_text(block, encoding="utf-8")
                    self.run_shell("zeus emulate --gpus v100 -- python block.py", folder)
            elif language == "sh":
                for line in re.sub(r"\\\n\s*", "", block).splitlines():
                    if not line.startswith(ELSEWHERE):
                        ran += 1
                        output = self.run_shell(line, folder)
            elif language == "text" and last == "sh":
                self.check_shown(block, output)
            last = language
        self.assertGreater(ran, 2)

    def run_shell(self, line: str, folder: pathlib.Path) -> str:
        line = line.replace("--gpus v100 ", "--config machine.toml ")
        done = subprocess.run(["bash", "-c", line], cwd=folder, env=self.environment, capture_output=True, text=True,
                              timeout=200, check=False)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
        return done.stdout

    def check_shown(self, block: str, output: str) -> None:
        lines = iter(output.splitlines())
        for shown in block.splitlines():
            if shown.strip() not in ("", "..."):
                self.assertTrue(any(shown.rstrip() == line.rstrip() for line in lines), f"{shown}\nis not in\n{output}")

    def test_getting_started(self) -> None:
        self.check_document("getting_started.md")

    def test_integrating(self) -> None:
        self.check_document("integrating.md")

    def test_extending(self) -> None:
        self.check_document("extending.md")


if __name__ == "__main__":
    unittest.main()
