"""`zeus completion`: scripts that their shells read, and what bash makes of them."""

import shlex
import shutil
import subprocess
import unittest

from zeus_program import ZEUS, ZeusTest


class CompletionTest(ZeusTest):
    def check_syntax(self, shell, *check):
        if not shutil.which(shell):
            self.skipTest(f"{shell} is not installed")
        script = self.write(f"zeus.{shell}", self.succeeds("completion", shell))
        done = subprocess.run([shell, *check, script], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return script

    def test_bash_reads_its_script(self):
        self.check_syntax("bash", "-n")

    def test_zsh_reads_its_script(self):
        self.check_syntax("zsh", "-n")

    def test_fish_reads_its_script(self):
        self.check_syntax("fish", "--no-execute")

    def bash_completes(self, *words):
        script = self.write("zeus.bash", self.succeeds("completion", "bash"))
        code = (f"source {script}; COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; _zeus; "
                "printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True, cwd=self.folder,
                              timeout=60)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_completes_commands(self):
        self.assertEqual(self.bash_completes("zeus", "si"), ["simulate", "simulate-cluster"])
        self.assertEqual(self.bash_completes("zeus", ""),
                         ["simulate", "simulate-cluster", "sweep", "explain", "trace", "capriccio", "run", "profile", "exec", "monitor", "analyze", "emulate", "env", "restore", "serve", "jobs", "token", "completion",
                          "--help", "--version"])
        self.assertEqual(self.bash_completes("zeus", "trace", ""),
                         ["check", "describe", "generate", "generate-groups", "--help"])
        self.assertEqual(self.bash_completes("zeus", "trace", "ge"), ["generate", "generate-groups"])

    def test_bash_completes_flags_of_the_command(self):
        self.assertEqual(self.bash_completes("zeus", "simulate", "--work"), ["--workload"])
        self.assertEqual(self.bash_completes("zeus", "sweep", "--work"), ["--workloads"])
        self.assertEqual(self.bash_completes("zeus", "simulate", "--eta", "0.5", "--be"), ["--beta"])
        self.assertEqual(self.bash_completes("zeus", "trace", "check", "--str"), ["--strict"])
        self.assertEqual(self.bash_completes("zeus", "simulate", "--groups"), [])

    def test_bash_completes_files_after_flags_that_take_one(self):
        self.write("history.csv", "")
        self.assertEqual(self.bash_completes("zeus", "simulate", "--csv", "his"), ["history.csv"])
        self.assertEqual(self.bash_completes("zeus", "trace", "check", "his"), ["history.csv"])

    def test_every_flag_is_completed(self):
        for command in ("simulate", "simulate-cluster", "sweep"):
            flags = [line.split()[0] for line in self.succeeds(command, "--help").splitlines()
                     if line.startswith("  --")]
            completed = self.bash_completes("zeus", command, "--")
            self.assertEqual([flag for flag in flags if flag not in completed], [])

    def test_zsh_script_defines_its_function_when_sourced(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        script = self.write("zeus.zsh", self.succeeds("completion", "zsh"))
        code = f"compdef() {{ print compdef $@ }}; source {script}; whence -w _zeus"
        done = subprocess.run(["zsh", "-fc", code], capture_output=True, text=True, check=False, timeout=60)
        self.assertEqual((done.stdout, done.stderr), ("compdef _zeus zeus\n_zeus: function\n", ""))

    # In zsh, a local variable named path empties the search path.
    def test_zsh_script_keeps_the_search_path(self):
        if not shutil.which("zsh"):
            self.skipTest("zsh is not installed")
        script = self.write("zeus.zsh", self.succeeds("completion", "zsh"))
        code = ("compdef() { }; _files() { }; _describe() { print ${#path}; print -l ${(P)2} }; "
                f"source {script}; words=(zeus trace ''); CURRENT=3; _zeus")
        done = subprocess.run(["zsh", "-fc", code], capture_output=True, text=True, check=False, timeout=60)
        searched, *entries = done.stdout.splitlines()
        self.assertGreater(int(searched), 1)
        self.assertEqual([entry.split(":")[0] for entry in entries],
                         ["check", "describe", "generate", "generate-groups", "--help"])

    def test_fish_completes(self):
        if not shutil.which("fish"):
            self.skipTest("fish is not installed")
        script = self.write("zeus.fish", self.succeeds("completion", "fish"))
        self.write("history.csv", "")
        for line, expected in [("zeus si", ["simulate", "simulate-cluster"]),
                               ("zeus trace ge", ["generate", "generate-groups"]),
                               ("zeus simulate --work", ["--workload"]), ("zeus simulate --csv his", ["history.csv"]),
                               ("zeus trace check his", ["history.csv"])]:
            with self.subTest(line=line):
                done = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C '{line}'"],
                                      capture_output=True, text=True, check=False, cwd=self.folder, timeout=60,
                                      env={"PATH": f"{ZEUS.parent}:/usr/bin:/bin", "HOME": str(self.folder)})
                self.assertEqual([each.split("\t")[0] for each in done.stdout.splitlines()], expected, done.stderr)

    def test_another_shell(self):
        self.fails(2, "no completion for \"tcsh\"; there are: bash, zsh, fish", "completion", "tcsh")


if __name__ == "__main__":
    unittest.main()
