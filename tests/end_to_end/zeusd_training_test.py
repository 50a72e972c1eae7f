"""Programs without privileges, whose settings the node daemon changes: they train, measure and are killed."""

import json
import os
import pathlib
import signal
import subprocess
import time
import unittest

from zeus_program import HERE, ZEUS
from zeusd_case import LeaseCase, wait_until

SOURCE = HERE.parents[1]
PYTHON = os.environ["ZEUS_TEST_PYTHON"]
MONITOR = pathlib.Path(os.environ["ZEUS_MONITOR_PROGRAM"]).resolve()
NOBODY = 65534
BEFORE = 240  # W. Neither a limit that is profiled nor the card's default.


@unittest.skipUnless(os.geteuid() == 0, "only root can give up its rights")
class UnprivilegedCase(LeaseCase):
    # A name of its own gives a GPU a UUID of its own: settings are journalled by UUID.
    machine_text = '''
settings = "root"
[[gpu]]
preset = "v100"
name = "Tesla V100 of those without privileges"
'''

    def setUp(self):
        closed = [str(folder) for folder in [*SOURCE.parents, SOURCE] if not folder.stat().st_mode & 0o001]
        if closed:
            self.skipTest(f"users without privileges cannot enter {closed[0]}")
        super().setUp()
        self.folder.chmod(0o755)
        os.chmod(self.emulated["ZEUS_EMULATOR_STATE"], 0o666)
        self.home = self.folder / "home"
        self.home.mkdir()
        os.chown(self.home, NOBODY, NOBODY)
        self.set(BEFORE)

    def environment(self, **changes):
        variables = {name: value for name, value in self.emulated.items() if not name.startswith("ZEUSD_")}
        changed = {**variables, "PYTHONPATH": os.environ["ZEUS_PYTHON_PACKAGE"], "HOME": str(self.home),
                   "XDG_RUNTIME_DIR": str(self.home), "OMP_NUM_THREADS": "1", "ZEUSD_SOCK_PATH": str(self.socket),
                   **changes}
        return {name: value for name, value in changed.items() if value is not None}

    def start_program(self, *command, cwd=None, **changes):
        process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd or self.home,
            env=self.environment(**changes), user=NOBODY, group=NOBODY, extra_groups=[])
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process, wanted=0):
        output, errors = process.communicate(timeout=200)
        self.assertEqual(process.returncode, wanted, output + errors)
        return output, errors

    def run_program(self, *command, wanted=0, **changes):
        return self.finish(self.start_program(*command, **changes), wanted)

    def state(self):
        """Power limit, W, and whether persistence mode is on."""
        return self.limits()[0], self.get("/gpu/get_persistence_mode")["0"]["enabled"]

    def becomes_as_before(self):
        wait_until(lambda: self.state() == (BEFORE, False), lambda: f"{self.state()} is as before")


class TrainingTest(UnprivilegedCase):
    def setUp(self):
        super().setUp()
        tried = self.start_program(PYTHON, "-c", "import sklearn, torch, zeus")
        _, errors = tried.communicate(timeout=100)
        if tried.returncode != 0:
            self.skipTest(f"{errors.strip().splitlines()[-1]}; tools/install_dependencies run installs Debian's")

    def train(self, **changes):
        return self.start_program(
            PYTHON, SOURCE / "examples" / "digits" / "train.py", "--epochs", "4",
            **{"ZEUS_TARGET_METRIC": "0.99", "ZEUS_LOG_DIR": str(self.home / "logs"), "ZEUS_PROFILE_PARAMS": "2,10",
               "ZEUS_EMULATED_STEP": "0.04,0"} | changes)

    def wait_for_profiling(self, job):
        wait_until(lambda: job.poll() is not None or self.limits()[0] < BEFORE - 20,
                   lambda: "the job sets limits", seconds=100)
        if job.poll() is not None:
            self.finish(job)
            self.fail("the job ended before it set a limit")

    def test_a_daemon_that_is_killed_twice_does_not_end_the_job(self):
        job = self.train()
        for pause in (0.3, 3):
            self.wait_for_profiling(job)
            self.daemon.end(signal.SIGKILL)
            time.sleep(pause)
            self.assertIsNone(job.poll())
            self.start()
            self.wait_for_profiling(job)
        output, errors = self.finish(job)
        self.assertEqual(output.count("epoch "), 4)
        self.assertRegex(errors, r"\Athe GPU is emulated: .*\n\Z")
        [result] = (self.home / "logs").glob("*.train.json")
        self.assertEqual(json.loads(result.read_text())["num_epochs"], 4)
        # Who asked, and under what.
        made = [line for line in self.daemon.log() if "set_power_limit" in line["message"]]
        self.assertTrue(made)
        self.assertTrue(all(f"uid {NOBODY}, pid {job.pid}" in line["who"] and line["lease"] for line in made), made)
        self.becomes_as_before()
        self.assertEqual(self.get("/leases"), {"leases": []})
        self.assertEqual(list((self.folder / "journal").glob("*.json")), [])

    def test_a_job_that_is_killed_leaves_nothing_changed(self):
        job = self.train()
        self.wait_for_profiling(job)
        self.assertEqual(self.state()[1], True)
        job.kill()
        self.becomes_as_before()
        # Nothing that the next one would restore once more.
        self.assertEqual(list(self.home.rglob("*.json")), [])

    def test_both_killed_at_once(self):
        job = self.train()
        self.wait_for_profiling(job)
        self.daemon.end(signal.SIGKILL)
        job.kill()
        job.wait()
        self.start()
        self.becomes_as_before()

    def test_a_recurring_job(self):
        self.finish(self.start_program(
            ZEUS, "run", "job.toml", "--recurrences", "1", "--quiet", "--log-dir", self.home / "runs",
            cwd=SOURCE / "examples" / "digits", PATH=f"{pathlib.Path(PYTHON).parent}:{os.environ['PATH']}"))
        [history] = (self.home / "runs").glob("*/history.json")
        [entry] = json.loads(history.read_text())["entries"]
        self.assertTrue(entry["reached"])
        self.becomes_as_before()

    def test_without_the_daemon_it_is_refused(self):
        _, errors = self.finish(self.train(ZEUSD_SOCK_PATH=None), wanted=1)
        self.assertIn("permission denied; run as root, or have a privileged daemon make the change", errors)
        gone = self.folder / "gone.sock"
        _, errors = self.finish(self.train(ZEUSD_SOCK_PATH=str(gone)), wanted=1)
        self.assertIn(f"Cannot reach Zeusd at {gone}", errors)
        self.assertEqual(self.state(), (BEFORE, False))


class ProgramsTest(UnprivilegedCase):
    def python(self, script, wanted=0, **changes):
        return self.run_program(PYTHON, "-c", script, wanted=wanted, **changes)

    def test_a_script_changes_settings_and_they_come_back(self):
        output, errors = self.python("""
import pickle
import time
from zeus.device import get_gpus
from zeus.device.exception import ZeusdError
from zeus.device.gpu import ZeusGPUInvalidArgError, ZeusdNVIDIAGPU
from zeus.monitor import ZeusMonitor
gpus = get_gpus()
assert type(gpus.gpus[0]) is ZeusdNVIDIAGPU and gpus.supports_nonblocking_setters(0)
assert gpus.get_power_management_limit(0) == 240_000
gpus.set_power_management_limit(0, 150_000)
assert gpus.get_power_management_limit(0) == 150_000
start = time.monotonic()
for limit in range(101, 200):
    gpus.set_power_management_limit(0, limit * 1000, block=False)
gpus.set_power_management_limit(0, 999_000, block=False)
print("asked in", time.monotonic() - start)
gpus.set_gpu_locked_clocks(0, 135, 900)
assert gpus.get_power_management_limit(0) == 199_000
gpus.reset_locked_clocks(0)
try:
    gpus.set_power_management_limit(0, 999_000)
except ZeusdError as error:
    assert isinstance(error, ZeusGPUInvalidArgError) and "999 W" in str(error), error
    assert type(pickle.loads(pickle.dumps(error))) is ZeusGPUInvalidArgError
else:
    raise AssertionError("999 W was taken")
gpus.set_persistence_mode(0, True)
monitor = ZeusMonitor(gpu_indices=[0])
monitor.begin_window("w")
time.sleep(0.1)
assert monitor.end_window("w").gpu_energy[0] > 0
""")
        self.assertIn("zeus: GPU 0 (Tesla V100 of those without privileges): set power limit: 999 W is outside", errors)
        self.assertEqual(errors.count("\n"), 1, errors)
        self.assertIn("asked in", output)
        self.becomes_as_before()

    def test_a_daemon_that_cannot_be_used_is_an_error(self):
        script = "from zeus.device import get_gpus\nget_gpus()"
        gone = self.folder / "gone.sock"
        for variables, words in (({"ZEUSD_SOCK_PATH": str(gone)}, f"Cannot reach Zeusd at {gone}"),
                                 ({"ZEUSD_SOCK_PATH": None, "ZEUSD_HOST_PORT": "nowhere"}, "ZEUSD_HOST_PORT=nowhere")):
            _, errors = self.python(script, wanted=1, **variables)
            self.assertRegex(errors.splitlines()[-1], "ZeusGPUInitError: .*" + words)
            _, errors = self.python(
                "from zeus.monitor import ZeusMonitor\nassert len(ZeusMonitor().gpu_indices) == 0", **variables)
            self.assertRegex(errors, "UserWarning: no GPU is measured: .*" + words)

    def test_processors_need_their_group(self):
        _, errors = self.python("from zeus.device import get_cpus\nget_cpus()", wanted=1)
        self.assertRegex(errors.splitlines()[-1], "ZeusCPUInitError: .*API group 'cpu-read' is not enabled")

    def test_the_commands_go_through_it(self):
        found = json.loads(self.run_program(ZEUS, "env", "--json")[0])
        [library] = [each for each in found["libraries"] if each["name"] == "zeusd"]
        self.assertEqual((library["usable"], found["may_change_settings"]), (True, True))
        self.assertEqual(found["gpus"][0]["capabilities"]["set_power_limit"],
                         {"can": True, "may": True, "why_not": None})
        self.assertEqual(found["variables"]["ZEUSD_SOCK_PATH"], str(self.socket))
        self.assertIn("may change settings: yes (through zeusd)", self.run_program(ZEUS, "env")[0])
        found = json.loads(self.run_program(ZEUS, "env", "--json", ZEUSD_SOCK_PATH="/nowhere")[0])
        [library] = [each for each in found["libraries"] if each["name"] == "zeusd"]
        self.assertIn("Cannot reach Zeusd at /nowhere", library["why_not"])
        self.assertFalse(found["may_change_settings"] or found["gpus"][0]["capabilities"]["set_power_limit"]["can"])
        self.run_program(MONITOR, "power.csv", "0.2", "50")
        self.assertGreater(len((self.home / "power.csv").read_text().splitlines()), 2)


if __name__ == "__main__":
    unittest.main()
