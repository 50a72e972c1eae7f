"""examples/trace_driven, as its README tells people to run it."""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

from shared_traces import TRACES, needs_traces, zeus

SOURCE = pathlib.Path(os.environ.get("ZEUS_SOURCE_FOLDER", pathlib.Path(__file__).resolve().parents[2]))
FOLDER = SOURCE / "examples" / "trace_driven"
README = (FOLDER / "README.md").read_text()


def run(*arguments: str | os.PathLike[str], traces: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "ZEUS_TRACES"}
    if traces is not None:
        environment["ZEUS_TRACES"] = traces
    return subprocess.run([sys.executable, *arguments], cwd=SOURCE, env=environment, capture_output=True, text=True,
                          timeout=120)


def output(*arguments: str | os.PathLike[str], traces: str | None = None) -> str:
    done = run(*arguments, traces=traces)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.stderr}")
    return done.stdout


class TraceDrivenExampleTest(unittest.TestCase):
    def test_every_command_of_the_readme(self) -> None:
        commands = re.findall(r"^python3 (.*)$", README, re.MULTILINE)
        self.assertEqual(len(commands), 5)
        outputs = [output(*shlex.split(command)) for command in commands]
        (shown,) = re.findall(r"```text\n(.*?)```", README, re.DOTALL)
        self.assertTrue(outputs[0].endswith(shown), outputs[0])
        self.assertIn("by epsilon-greedy", outputs[2])
        for cluster in outputs[3:]:
            self.assertIn("12 groups on synthetic-large", cluster)
        self.assertNotEqual(outputs[3], outputs[4])

    def test_it_says_what_the_command_line_says(self) -> None:
        said = zeus("simulate", "--traces", SOURCE / "traces", "--gpu", "synthetic-small", "--workload",
                    "synthetic-clicks", "--seed", "5", "--csv", "-").splitlines()[1:]
        lines = output(FOLDER / "run_single.py", "--gpu", "synthetic-small", "--workload", "synthetic-clicks",
                       "--seed", "5").splitlines()[2:-2]
        self.assertEqual([line.split()[1:3] for line in lines], [line.split(",")[7:9] for line in said])

    @needs_traces
    def test_other_traces(self) -> None:
        self.assertIn("Job(librispeech,deepspeech2,adamw,40.0,bs192~16) on v100", output(
            FOLDER / "run_single.py", "--gpu", "v100", "--workload", "librispeech", traces=str(TRACES)))

    def test_help_and_wrong_flags(self) -> None:
        for program in ("run_single.py", "run_alibaba.py"):
            self.assertIn("--traces", output(FOLDER / program, "--help"))
            for flags, message in [(["--gpu", "v9000"], "--gpu: v9000: .*synthetic-small"),
                                   (["--traces", "/nowhere"], "/nowhere: holds no summary_power_GPU.csv")]:
                done = run(FOLDER / program, *flags)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, message)
                self.assertNotIn("Traceback", done.stderr)
        self.assertIn("--workload: fish", run(FOLDER / "run_single.py", "--workload", "fish").stderr)


if __name__ == "__main__":
    unittest.main()
