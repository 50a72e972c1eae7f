"""What depends on where the program runs: terminals, colours, help, the locale."""

import errno
import os
import pty
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

from zeus_program import GOLDEN, SHARED, ZEUS, ZeusTest, environment, needs_golden, needs_traces, run

COMMANDS = [(), ("simulate",), ("simulate-cluster",), ("sweep",), ("explain",), ("trace",), ("trace", "check"), ("trace", "describe"),
            ("trace", "generate"), ("trace", "generate-groups"), ("emulate",), ("emulate", "load"), ("capriccio",),
            ("capriccio", "generate"), ("run",), ("profile",), ("exec",),
            ("monitor",), ("monitor", "power"), ("monitor", "energy"), ("monitor", "temperature"), ("analyze",), ("env",), ("restore",),
            ("serve",), ("jobs",), ("jobs", "list"), ("jobs", "show"), ("jobs", "delete"),
            ("token",), ("token", "issue"), ("completion",)]
CLEAR_LINE = "\r\x1b[K"


def on_terminal(*arguments, streams=("stdout", "stderr"), **changes):
    """Runs the program with those streams on a terminal: its exit code, the terminal's text, the other stream's."""
    ours, theirs = pty.openpty()
    with tempfile.TemporaryFile() as other, open(ours, "rb", buffering=0) as terminal:
        options = {name: theirs if name in streams else other for name in ("stdout", "stderr")}
        process = subprocess.Popen([ZEUS, *map(str, arguments)], env=environment(TERM="xterm", **changes), **options)
        os.close(theirs)
        text = b""
        try:
            while part := terminal.read(65536):
                text += part
        except OSError as error:
            if error.errno != errno.EIO:  # How a terminal that nobody else has open tells its end.
                raise
        code = process.wait(timeout=120)
        other.seek(0)
        return code, text.decode().replace("\r\n", "\n"), other.read().decode()


@needs_traces
class ProgressBarTest(ZeusTest):
    SWEEP = ("sweep", "--workloads", "squad", "--gpus", "v100", "--seeds", "1-40", "--threads", "2")

    def test_shows_on_a_terminal_and_is_gone_at_the_end(self):
        code, terminal, output = on_terminal(*self.SWEEP, streams=("stderr",))
        self.assertEqual(code, 0)
        self.assertRegex(terminal, re.escape(CLEAR_LINE) + r"runs \[#*\.*\] \d+/40  .+ left")
        self.assertTrue(terminal.endswith(CLEAR_LINE))
        self.assertEqual(terminal.rsplit(CLEAR_LINE, 1)[1], "")
        self.assertEqual(output, self.succeeds(*self.SWEEP))

    def test_a_pipe_gets_none(self):
        self.assertEqual(run(*self.SWEEP).stderr, "")
        code, terminal, error = on_terminal(*self.SWEEP, streams=("stdout",))
        self.assertEqual((code, error), (0, ""))
        self.assertNotIn(" left", terminal)

    def test_nothing_shows_when_nothing_ran(self):
        code, terminal, output = on_terminal(*self.SWEEP, "--etas", "7", streams=("stderr",))
        self.assertEqual((code, output), (2, ""))
        self.assertEqual(terminal, run(*self.SWEEP, "--etas", "7").stderr)
        self.assertNotIn("\x1b", terminal)

    @needs_golden
    def test_the_cluster_shows_groups(self):
        _, terminal, _ = on_terminal("simulate-cluster", "--groups", GOLDEN / "cluster_groups.csv", "--gpu", "v100",
                                     streams=("stderr",))
        self.assertRegex(terminal, r"groups \[#*\.*\] \d+/18 ")


class ColorTest(ZeusTest):
    def setUp(self):
        super().setUp()
        self.simulate = ("simulate", "--workload", "birds", "--traces", self.small_traces())
        self.plain = self.succeeds(*self.simulate)

    def test_none_in_a_pipe(self):
        self.assertNotIn("\x1b", self.plain)

    def test_on_a_terminal(self):
        code, terminal, _ = on_terminal(*self.simulate)
        self.assertEqual(code, 0)
        self.assertIn("\x1b[1m", terminal)
        self.assertEqual(re.sub(r"\x1b\[\d*m", "", terminal), self.plain)

    def test_no_color_is_heeded_when_it_is_not_empty(self):
        self.assertEqual(on_terminal(*self.simulate, NO_COLOR="1")[1], self.plain)
        self.assertIn("\x1b[1m", on_terminal(*self.simulate, NO_COLOR="")[1])

    def test_none_in_files_and_csv_and_json(self):
        for form in (("--csv", "-"), ("--json",)):
            self.assertEqual(on_terminal(*self.simulate, *form)[1], self.succeeds(*self.simulate, *form))


class HelpTest(ZeusTest):
    def test_every_command_has_examples(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                text = self.succeeds(*command, "--help")
                self.assertEqual(text, self.succeeds(*command, "-h"))
                self.assertIn("\nExamples:\n  zeus ", text)
                self.assertNotIn("\x1b", text)

    def test_every_command_is_tried(self):
        for command in ((), ("trace",), ("emulate",), ("monitor",), ("capriccio",)):
            subcommands = self.succeeds(*command, "--help").split("Subcommands:\n")[1]
            listed = re.findall(r"^  ([a-z-]+) {2,}", subcommands, re.M)
            self.assertEqual({each[-1] for each in COMMANDS if each[:-1] == command and each}, set(listed))

    @needs_golden
    def test_examples_run(self):
        """In a folder that has what they name: groups, and the shared traces beside it."""
        work = self.folder / "repository"
        work.mkdir()
        (self.folder / "shared").symlink_to(SHARED)
        for name in ("groups.csv", "groups.csv.xz"):
            shutil.copy(GOLDEN / f"cluster_{name}", work / name)
        for example in self.examples():
            with self.subTest(example=example):
                words = shlex.split(example, comments=True)
                if words[1] == "serve":
                    continue  # Until it is told to stop: serve_test.
                if "--from" in words:
                    continue  # Of nodes that are not here: zeusd_nodes_test.
                if "|" in words or ">" in words or words[1] == "trace" and "../shared/traces" not in words or \
                        words[-1] == "slices" and "--window" not in words:
                    continue  # For a shell, or on files of one's own.
                # Some run the program again, by its name.
                done = run(*words[1:], cwd=work, env={"PATH": f"{ZEUS.parent}:{os.environ['PATH']}"})
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(done.stdout)

    def examples(self):
        for command in COMMANDS:
            text = self.succeeds(*command, "--help").split("\nExamples:\n")[1].split("\n\n")[0]
            yield from (line.strip() for line in text.replace("\\\n", " ").splitlines() if line.startswith("  zeus "))

    def test_version(self):
        self.assertRegex(self.succeeds("--version"), r"\A\d+\.\d+\.\d+\n\Z")

    def test_wrong_usage(self):
        for arguments, message in [
            ((), "a command is missing; there are: simulate, simulate-cluster, sweep, explain, trace, "),
            (("nonsense",), "no command \"nonsense\"; there are: simulate,"),
            (("trace",), "there are: check, describe, generate, generate-groups; see `zeus trace --help`"),
            (("trace", "nonsense"), "no command \"nonsense\"; there are: check,"),
            (("--nonsense",), "no command \"--nonsense\""),
            (("simulate", "--nonsense"), "not expected: --nonsense; see `zeus simulate --help`"),
            (("simulate", "extra"), "not expected: extra; see `zeus simulate --help`"),
            (("simulate", "--workload"), "--workload: 1 required NAME missing; see `zeus simulate --help`"),
            (("simulate-cluster",), "--groups is required; see `zeus simulate-cluster --help`"),
            (("completion",), "shell is required; see `zeus completion --help`"),
        ]:
            with self.subTest(arguments=arguments):
                self.fails(2, message, *arguments)


@needs_golden
class CommaLocaleTest(ZeusTest):
    def comma_locale(self):
        """The environment of a locale that writes 0,5; one of the system's or one made here."""
        installed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.split()
        if "de_DE.utf8" in installed:
            return {"LC_ALL": "de_DE.UTF-8"}
        if not shutil.which("localedef"):
            self.skipTest("no locale with a decimal comma is installed, and there is no localedef to make one")
        made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", self.folder / "de_DE.UTF-8"],
                              capture_output=True, text=True, check=False)
        if not (self.folder / "de_DE.UTF-8").exists():
            self.skipTest(f"no locale with a decimal comma is installed; localedef made none: {made.stderr.strip()}")
        return {"LC_ALL": "de_DE.UTF-8", "LOCPATH": str(self.folder)}

    def test_the_same_bytes(self):
        german = self.comma_locale()
        printf = subprocess.run(["bash", "-c", "printf %.1f 0,5"], capture_output=True, text=True, check=False,
                                env=environment(**german))
        self.assertEqual(printf.stdout, "0,5", "the locale itself does not work")
        job = ("--workload", "squad", "--gpu", "v100", "--eta", "0.25", "--beta", "1.5")
        groups = ("simulate-cluster", "--groups", GOLDEN / "cluster_groups.csv", "--gpu", "v100")
        sweep = ("sweep", "--workloads", "squad", "--gpus", "v100", "--etas", "0.25", "--seeds", "1-3")
        plot = self.folder / "cost.svg"
        for command in [("simulate", *job), ("simulate", *job, "--csv", "-"), ("simulate", *job, "--json"),
                        ("simulate", *job, "--plot", plot), groups, (*groups, "--csv", "-"), (*groups, "--json"), sweep,
                        (*sweep, "--csv", "-"), (*sweep, "--json"), (*sweep, "--histories", "-")]:
            with self.subTest(command=command):
                usual = self.succeeds(*command)
                usual_plot = plot.read_bytes() if plot.exists() else b""
                self.assertEqual(self.succeeds(*command, env=german), usual)
                self.assertEqual(plot.read_bytes() if plot.exists() else b"", usual_plot)


if __name__ == "__main__":
    unittest.main()
