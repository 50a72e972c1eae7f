"""The examples that train by PyTorch, as their READMEs say: in a copy of the folder, on an emulated machine.

A README's commands are its blocks in `bash`, one after the other; a `text` block right after one shows what it printed,
figures aside, which differ from run to run.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ZEUS_SOURCE_FOLDER"])
BUILD = pathlib.Path(os.environ["ZEUS_BUILD_FOLDER"])
ZEUS = pathlib.Path(os.environ["ZEUS_PROGRAM"])
# What has to be back afterwards: neither end of the card's range.
LIMIT_BEFORE = 230

BLOCK = re.compile(r"^```(bash|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def needs(*modules: str) -> None:
    """Skips the test file, saying why, where one of these is missing."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} missing; tools/install_dependencies test installs Debian's")
        sys.exit(77)


class ExampleCase(unittest.TestCase):
    """Tests of the folder `example` of examples/."""

    example = ""
    python = SOURCE / "build" / "venv" / "bin" / "python"

    def setUp(self) -> None:
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="zeus_example."))
        self.addCleanup(shutil.rmtree, self.root)
        self.folder = self.root / "examples" / self.example
        shutil.copytree(SOURCE / "examples", self.root / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        # A name of its own gives the GPU a UUID of its own: settings are journalled by UUID, for all of a user's
        # processes.
        self.machine = self.root / "machine.toml"
        self.machine.write_text(
            f'settings = "everyone"\n[[gpu]]\npreset = "v100"\nname = "Tesla V100 of {type(self).__name__}"\n'
            f"default_power_limit_w = {LIMIT_BEFORE}\n")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("ZEUS_", "LD_"))}
        self.environment |= {
            "PATH": os.pathsep.join(map(str, (self.python.parent, ZEUS.parent, os.environ["PATH"]))),
            # The module has a sanitizer's library in some builds; the programs that it starts have their own.
            "PYTHONPATH": str(BUILD / "python"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}

    def bash(self, script: str, wanted: int = 0, timeout: float = 500, **variables: str) -> str:
        """Runs a script in the example's folder, with this test's GPU as every V100. Its output, or its errors."""
        script = script.replace("--gpus v100 ", f"--config {self.machine} ")
        done = subprocess.run(["bash", "-e", "-c", script], cwd=self.folder, env=self.environment | variables,
                              capture_output=True, text=True, timeout=timeout, check=False)
        self.assertEqual(done.returncode, wanted, f"{script}\n{done.stdout}\n{done.stderr}")
        return done.stdout if wanted == 0 else done.stderr

    def emulated(self, command: str, **options: object) -> str:
        """The same for one command on the machine, whose power limit is the same as before afterwards."""
        after = self.root / "after.json"
        output = self.bash(
            f"zeus emulate --gpus v100 --state {self.root / 'state'} -- sh -c '\"$@\"; code=$?; "
            f"zeus env --json >{after}; exit $code' train {command}", **options)  # type: ignore[arg-type]
        self.assertEqual(json.loads(after.read_text())["gpus"][0]["power_limit_w"], LIMIT_BEFORE)
        return output

    def readme(self) -> list[tuple[str, str]]:
        """The README's blocks, commands and what they print: ("bash" or "text", content)."""
        text = (self.folder / "README.md").read_text(encoding="utf-8")
        blocks = [(match[1], match[2]) for match in BLOCK.finditer(text)]
        self.assertTrue(blocks, "the README has no commands")
        return blocks

    def follow_readme(self, **variables: str) -> list[str]:
        """Runs all its commands, in the repository's copy, and compares what it shows. The output of each block."""
        outputs: list[str] = []
        script = f"cd {self.root}\n"
        for language, content in self.readme():
            if language == "text":
                self.assertTrue(outputs, "a text block shows what the bash block before it prints")
                self.check_shown(content, outputs[-1])
                continue
            # What was set and where the shell was is there in the next block, as in a reader's shell.
            state = self.root / "shell"
            outputs.append(self.bash(f"{script}{content}\n(export -p; printf 'cd %q\\n' \"$PWD\") >{state}", **variables))
            script = f"source {state}\n"
        return outputs

    def check_shown(self, shown: str, output: str) -> None:
        """Each line that is shown, but for its figures and the width of columns, was printed, in this order."""
        lines = iter(output.splitlines())
        for line in shown.splitlines():
            if line.strip() in ("", "..."):
                continue
            self.assertTrue(any(shape(line) == shape(each) for each in lines), f"was not printed: {line}\n{output}")

    def history(self, logs: str) -> list[dict[str, object]]:
        """The tries of the one run below this folder."""
        histories = list((self.folder / logs).glob("*/history.json"))
        self.assertEqual(len(histories), 1, histories)
        entries: list[dict[str, object]] = json.loads(histories[0].read_text())["entries"]
        return entries


def shape(line: str) -> str:
    """The line without what its figures and their units come to."""
    line = re.sub(r"[-+]?\d[\d.]*(e[-+]\d+)?( ?[kMG]?[JWs%h]\b)?", "#", line)
    return re.sub(r"[\s-]+", " ", line).strip()
