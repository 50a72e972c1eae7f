"""Several processes, one after the other, on one emulated machine whose settings are looked at from outside."""

import json
import os
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path

from emulated_script import ENVIRONMENT, PYTHON

__all__ = ["LIMIT", "OneMachineCase", "SEEN"]

ZEUS = os.environ["ZEUS_PROGRAM"]
LIMIT = 230.0  # W; what every GPU of the machine starts with.

# For scripts: what another process sees of the GPUs.
SEEN = f"""
import json, os, subprocess
def seen():
    environment = {{name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}}
    told = subprocess.run([{ZEUS!r}, "env", "--json"], env=environment, capture_output=True, text=True, check=True).stdout
    return [(gpu["power_limit_w"], gpu["graphics_clock_mhz"]) for gpu in json.loads(told)["gpus"]]
"""


class OneMachineCase(unittest.TestCase):
    GPUS = 2

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write_machine(self, more: str = "") -> None:
        # A name of their own gives the GPUs journals of their own.
        name = self.folder.name
        gpu = f'[[gpu]]\npreset = "v100"\nname = "V100 {name}"\ndefault_power_limit_w = {LIMIT:.0f}\n'
        (self.folder / "machine.toml").write_text('settings = "everyone"\n' + gpu * self.GPUS + more, encoding="utf-8")

    def write_script(self, name: str, *parts: str) -> None:
        (self.folder / name).write_text(SEEN + "".join(map(textwrap.dedent, parts)), encoding="utf-8")

    def shell(self, script: str, timeout: float = 120, **variables: str) -> "subprocess.CompletedProcess[str]":
        """A bash script on the machine, with Python as "$@" and the command as $ZEUS."""
        self.write_machine()
        return subprocess.run(
            [ZEUS, "emulate", "--config", str(self.folder / "machine.toml"), "--", "bash", "-c", script, "bash", *PYTHON],
            env={**ENVIRONMENT, "ZEUS": ZEUS, **variables}, cwd=self.folder, capture_output=True, text=True,
            timeout=timeout, check=False)

    def told(self, output: str) -> "list[list[dict[str, object]]]":
        """The GPUs that each `zeus env --json` of an output told of."""
        told, at = [], 0
        while (at := output.find("{\n", at)) >= 0:
            machine, at = json.JSONDecoder().raw_decode(output, at)
            told.append(machine["gpus"])
        return told
