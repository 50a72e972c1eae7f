"""`zeus exec`: what energy a command takes."""

import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import time
import unittest

from zeus_program import ZEUS, ZeusTest, rows, run, started

NO_GPU = "there is no GPU here: no library that knows GPUs can be used; `zeus env` tells why"
LOST = '[[fault]]\ngpu = 1\nerror = "gpu_is_lost"\nafter_seconds = 0.7\n'


def take_interrupts():
    """In the child: a shell has its background commands ignore interrupts, and so do theirs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def catches(pid, number):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"SigCgt:\s*([0-9a-f]+)", status)[1], 16) >> (number - 1) & 1


class ExecCase(ZeusTest):
    def exec(self, *arguments, gpus="v100x2", config=None, **options):
        """`zeus exec` on an emulated machine."""
        machine = ("--gpus", gpus) if config is None else ("--config", self.write("machine.toml", config))
        return run("emulate", *machine, "--", ZEUS, "exec", *arguments, **options)

    def report(self, *arguments, **options):
        file = self.folder / "report.json"
        done = self.exec("--json", "--output", file, *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(file.read_text())

    def work(self, seconds, gpu=0):
        return (ZEUS, "emulate", "load", "--gpu", str(gpu), "--compute-seconds", str(seconds))


class ExecTest(ExecCase):
    def test_energy_power_and_time(self):
        file = self.folder / "report.json"
        done = self.exec("--json", "--output", file, "--", *self.work(1))
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(file.read_text())
        busy, idle = found["devices"][:2]
        self.assertEqual((busy["device"], idle["device"]), ("gpu0", "gpu1"))
        self.assertGreater(found["time_s"], 1)
        self.assertLess(found["time_s"], 2)
        # A V100 under full load at its limit of 250 W while it works, at 25 W while the command starts and ends; and one
        # at rest. The counter steps every 20 ms: 5 J at either end.
        worked = float(re.search(r"did the work in (\d+\.\d+) s", done.stdout)[1])
        self.assertAlmostEqual(busy["peak_power_W"], 248, delta=2)
        self.assertAlmostEqual(busy["energy_J"], busy["peak_power_W"] * worked + 25 * (found["time_s"] - worked), delta=12)
        self.assertAlmostEqual(idle["average_power_W"], 25, delta=1)
        self.assertAlmostEqual(busy["energy_J"], busy["average_power_W"] * found["time_s"])
        self.assertGreaterEqual(busy["peak_power_W"], busy["average_power_W"])
        self.assertLessEqual(busy["peak_power_W"], 250)
        self.assertAlmostEqual(found["gpu_energy_J"], busy["energy_J"] + idle["energy_J"])
        self.assertEqual((busy["source"], busy["failure"], busy["too_short"]), ("measured", None, False))

    def test_a_gpu_without_a_counter_is_integrated(self):
        found = self.report("--", "sleep", "0.6", gpus="m40")["devices"][0]
        self.assertEqual(found["source"], "integrated")
        self.assertAlmostEqual(found["average_power_W"], 16, delta=0.5)

    def test_the_commands_streams_are_its_own(self):
        done = self.exec("--output", self.folder / "report", "--", "sh", "-c", "cat; echo problem >&2", input="words\n")
        self.assertEqual((done.stdout, done.stderr), ("words\n", "problem\n"))
        done = self.exec("--", "sh", "-c", "cat; echo problem >&2", input="words\n")
        self.assertEqual(done.stdout, "words\n")
        self.assertTrue(done.stderr.startswith("problem\n\nsh -c "), done.stderr)
        self.assertRegex(done.stderr, r"\nall GPUs +\d+\.\d\d J +\d+\.\d\d W")
        self.assertNotIn("\x1b", done.stderr)

    def test_the_exit_code_is_passed_on(self):
        for code in (0, 1, 3, 77, 255):
            self.assertEqual(self.exec("--", "sh", "-c", f"exit {code}").returncode, code)

    def test_a_command_that_is_killed(self):
        done = self.exec("--", "sh", "-c", "kill -9 $$")
        self.assertEqual(done.returncode, 128 + 9)
        self.assertIn("exit code 137 (signal 9: Killed)", done.stderr)

    def test_a_command_without_separator(self):
        self.assertEqual(self.exec("sh", "-c", "exit 5").returncode, 5)

    def test_one_gpu(self):
        self.assertEqual([each["device"] for each in self.report("--gpu", "1", "--", "true")["devices"]
                          if each["device"].startswith("gpu")], ["gpu1"])

    def test_gpus_are_those_that_the_command_sees(self):
        found = self.report("--", *self.work(0.5, gpu=2), gpus="v100x2,h100", env={"CUDA_VISIBLE_DEVICES": "2"})
        self.assertIn("GPU 0 NVIDIA H100", found["devices"][0]["name"])
        self.assertGreater(found["devices"][0]["average_power_W"], 200)

    def test_repetitions(self):
        file = self.folder / "runs.csv"
        found = self.report("--repeat", "4", "--warmup", "1", "--csv", file, "--", "sh", "-c",
                            f"echo x >> '{self.folder}/count'; '{ZEUS}' emulate load --compute-seconds 0.3 > /dev/null")
        self.assertEqual((self.folder / "count").read_text(), "x\n" * 5)
        runs = [row for row in rows(file.read_text()) if row["device"] == "gpu0"]
        self.assertEqual([row["run"] for row in runs], ["1", "2", "3", "4"])
        energies = [float(row["energy_J"]) for row in runs]
        busy = found["devices"][0]
        self.assertAlmostEqual(busy["energy_J"], statistics.mean(energies))
        # Student's t for 3 degrees of freedom.
        self.assertAlmostEqual(busy["energy_J_ci95"], 3.182446305 * statistics.stdev(energies) / 2, delta=1e-6)
        self.assertEqual(busy["peak_power_W"], max(float(row["peak_power_W"]) for row in runs))
        self.assertIsNotNone(found["time_s_ci95"])

    def test_repetitions_end_with_a_failure(self):
        done = self.exec("--repeat", "5", "--", "sh", "-c", f"echo x >> '{self.folder}/count'; exit 4")
        self.assertEqual(done.returncode, 4)
        self.assertEqual((self.folder / "count").read_text(), "x\n")

    def test_a_warmup_that_fails_is_told(self):
        done = self.exec("--warmup", "2", "--", "false")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the command failed in a warm-up run", done.stderr)

    def test_cooldown_is_waited_for(self):
        begin = time.monotonic()
        found = self.report("--cooldown", "0.4", "--repeat", "2", "--", "true")
        self.assertGreater(time.monotonic() - begin, 0.8)
        self.assertLess(found["time_s"], 0.3)

    def test_idle_power_is_shown_apart(self):
        found = self.report("--idle", "0.5", "--", *self.work(0.5))
        busy = found["devices"][0]
        self.assertAlmostEqual(busy["idle_power_W"], 25, delta=1)
        self.assertAlmostEqual(busy["energy_above_idle_J"], busy["energy_J"] - busy["idle_power_W"] * found["time_s"])
        self.assertAlmostEqual(found["idle_s"], 0.5, delta=0.1)

    def test_a_run_too_short_for_the_counter_says_so(self):
        found = self.report("--", "true")
        self.assertTrue(found["devices"][0]["too_short"])
        self.assertTrue(any("too short for its sensor" in note for note in found["notes"]), found["notes"])

    def test_signals_reach_the_command(self):
        with started([ZEUS, "emulate", "--", ZEUS, "exec", "--", "sh", "-c",
                      "trap 'exit 9' TERM; echo up; while :; do sleep 0.02; done"],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=30), 9)
            self.assertIn("exit code 9", process.stderr.read())

    def test_an_interrupt_sent_to_it_alone_reaches_the_command(self):
        with started([ZEUS, "exec", "--", "bash", "-c",
                      "trap 'exit 8' INT; echo up; while :; do sleep 0.02; done"],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                     preexec_fn=take_interrupts) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(timeout=30), 8)

    def test_repetitions_end_with_a_signal_though_the_command_outlives_it(self):
        with started([ZEUS, "exec", "--repeat", "4", "--json", "--", "bash", "-c",
                      "trap 'exit 0' TERM; echo up; while :; do sleep 0.02; done"],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=30), 128 + signal.SIGTERM)
            report = json.loads(process.stderr.read())
        self.assertEqual(report["runs"], 1)
        self.assertIn("ended by signal 15 (Terminated) after 1 of 4 runs", report["notes"])

    def test_a_signal_between_runs_leaves_the_report_of_those_made(self):
        with started([ZEUS, "exec", "--repeat", "4", "--cooldown", "1.5", "--json", "--", "echo", "up"],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            self.assertEqual(process.stdout.readline(), "up\n")
            self.assertEqual(process.stdout.readline(), "up\n")
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=30), 128 + signal.SIGTERM)
            report = json.loads(process.stderr.read())
        self.assertEqual(report["runs"], 2)
        self.assertIn("ended by signal 15 (Terminated) after 2 of 4 runs", report["notes"])

    def test_a_signal_before_the_first_run_is_told(self):
        with started([ZEUS, "exec", "--idle", "30", "--", "echo", "up"],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            deadline = time.monotonic() + 20
            while not catches(process.pid, signal.SIGTERM):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            output, errors = process.communicate(timeout=20)
        self.assertEqual((process.returncode, output), (128 + signal.SIGTERM, ""))
        self.assertEqual(errors, "zeus: ended by signal 15 (Terminated) after 0 of 1 runs\n")

    def test_a_terminals_interrupt_ends_the_command_and_the_report_follows(self):
        with started([ZEUS, "exec", "--", "sleep", "30"], stderr=subprocess.PIPE, text=True,
                     preexec_fn=take_interrupts) as process:
            deadline = time.monotonic() + 20
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
            while not (children.read_text() and b"sleep" in pathlib.Path(
                    f"/proc/{children.read_text().split()[0]}/cmdline").read_bytes()[:5]):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.02)
            os.killpg(process.pid, signal.SIGINT)
            self.assertEqual(process.wait(timeout=30), 130)
            self.assertIn("exit code 130 (signal 2: Interrupt)", process.stderr.read())

    def test_without_a_gpu_the_command_runs_all_the_same(self):
        done = run("exec", "--", "sh", "-c", "echo out; exit 6")
        self.assertEqual((done.returncode, done.stdout), (6, "out\n"))
        if "GPU 0" not in done.stderr:
            self.assertIn(NO_GPU, done.stderr)

    def test_it_adds_little_to_a_process(self):
        if "sanitizers" in os.environ.get("ZEUS_BUILD", "") or os.environ.get("ZEUS_BUILD") == "Debug":
            self.skipTest("a build for finding faults is slow")
        script = (f"for i in 1 2 3 4 5 6 7 8 9 10; do {{ TIMEFORMAT=%R; time '{ZEUS}' exec --output /dev/null -- true; }} 2>&1; done")
        # The fastest of many, where it must: others have their work to do on this machine.
        deadline = time.monotonic() + 30
        fastest = 1
        while fastest >= 0.020 and time.monotonic() < deadline:
            times = run("emulate", "--gpus", "v100", "--", "bash", "-c", script).stdout.split()
            self.assertEqual(len(times), 10)
            fastest = min(fastest, *map(float, times))
        self.assertLess(fastest, 0.020)


class ExecBudgetTest(ExecCase):
    def test_a_budget_that_is_kept(self):
        self.assertEqual(self.exec("--max-energy", "1000", "--", "sleep", "0.3").returncode, 0)
        self.assertEqual(self.exec("--max-energy-per", "10", "--iterations", "10", "--", "sleep", "0.3").returncode, 0)

    def test_a_budget_that_is_passed(self):
        done = self.exec("--max-energy", "5", "--", "sleep", "0.4", gpus="v100")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr.splitlines()[-1],
                         r"\Azeus: energy budget passed: the GPUs used \d+\.\d{3} J, more than --max-energy 5 J\Z")

    def test_a_budget_of_an_iteration(self):
        done = self.exec("--max-energy-per", "0.5", "--iterations", "10", "--repeat", "2", "--", "sleep", "0.4", gpus="v100")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"energy budget passed: the GPUs used \d\S* J an iteration \(mean of 2 runs\), more "
                                      r"than --max-energy-per 0\.5 J\n\Z")
        self.assertRegex(done.stderr, r"\n\d\S* J an iteration, 10 iterations a run\n")

    def test_the_commands_own_failure_comes_first(self):
        done = self.exec("--max-energy", "0", "--", "sh", "-c", "sleep 0.4; exit 7", gpus="v100")
        self.assertEqual(done.returncode, 7)
        self.assertIn("energy budget passed", done.stderr)

    def test_a_budget_that_cannot_be_judged(self):
        done = self.exec("--max-energy", "1e6", "--", "sleep", "1.2", config='[[gpu]]\npreset = "v100"\ncount = 2\n' + LOST)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr.splitlines()[-1],
                         r"zeus: whether the energy budget is kept cannot be told: GPU 1 .* is missing: .*lost")

    def test_a_budget_needs_a_gpu(self):
        done = run("exec", "--max-energy", "5", "--", "touch", self.folder / "ran")
        if done.returncode == 0:
            self.skipTest("this machine has a GPU")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))
        self.assertIn("zeus: an energy budget needs a GPU, and there is none", done.stderr)
        self.assertFalse((self.folder / "ran").exists())


class ExecFaultTest(ExecCase):
    def test_a_gpu_lost_in_the_middle(self):
        file = self.folder / "runs.csv"
        found = self.report("--csv", file, "--", "sleep", "1.2",
                            config='[[gpu]]\npreset = "v100"\ncount = 2\n' + LOST)
        good, lost = found["devices"][:2]
        self.assertAlmostEqual(good["energy_J"], 25 * found["time_s"], delta=3)
        self.assertIsNone(lost["energy_J"])
        self.assertIn("lost", lost["failure"])
        self.assertIsNone(found["gpu_energy_J"])
        self.assertTrue(any(note.startswith("GPU 1") and "is missing" in note for note in found["notes"]), found["notes"])
        self.assertEqual([row["source"] for row in rows(file.read_text())][:2], ["measured", "missing"])

    def test_a_command_that_cannot_be_run(self):
        self.fails(1, "no-such-command: cannot be run: No such file or directory", "exec", "--", "no-such-command")
        self.fails(1, "cannot be run: Permission denied", "exec", "--", self.write("data", "words"))

    def test_wrong_usage(self):
        for arguments, message in [
            ((), "a command is missing; see `zeus exec --help`"),
            (("--",), "a command is missing"),
            (("--period", "0", "--", "true"), "--period: expected seconds above 0, found 0"),
            (("--period", "-1", "--", "true"), "--period"),
            (("--repeat", "0", "--", "true"), "--repeat: expected at least 1 run, found 0"),
            (("--repeat", "x", "--", "true"), "--repeat: expected a whole number from 0 to 100000, found \"x\""),
            (("--cooldown", "-3", "--", "true"), "--cooldown"),
            (("--max-energy", "much", "--", "true"), "--max-energy: expected a number from 0 to 1e+15, found \"much\""),
            (("--max-energy", "nan", "--", "true"), "found \"nan\""),
            (("--max-energy-per", "1", "--", "true"), "--max-energy-per: needs --iterations"),
            (("--iterations", "0", "--", "true"), "--iterations: expected at least 1, found 0"),
            (("--gpu", "9", "--", "true"), "--gpu: there is no GPU 9; there are 0 to 1"),
            (("--gpu", "-1", "--", "true"), "--gpu: expected GPUs such as 0 or 0,2, found \"-1\""),
            (("--gpu", "0,0", "--", "true"), "--gpu: GPU 0 is named twice"),
            (("--gpu", "0,", "--", "true"), "--gpu: expected names separated by commas, found an empty one"),
        ]:
            done = self.exec(*arguments)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), (arguments, done.stderr))
            self.assertIn(message, done.stderr)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full on this system")
    def test_reports_on_a_full_disk(self):
        for flags in (("--output", "/dev/full"), ("--csv", "/dev/full")):
            done = self.exec(*flags, "--", "true")
            self.assertEqual(done.returncode, 1)
            self.assertIn("zeus: /dev/full: cannot write: No space left on device\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
