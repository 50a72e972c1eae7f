"""How the end-to-end tests run the program, and small traces to run it on.

ZEUS_PROGRAM names the program; ZEUS_SHARED_DIR the folder with the published traces and golden results.
"""

import contextlib
import csv
import io
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

ZEUS = pathlib.Path(os.environ["ZEUS_PROGRAM"]).resolve()
HERE = pathlib.Path(__file__).resolve().parent
SHARED = pathlib.Path(os.environ.get("ZEUS_SHARED_DIR", HERE.parents[2] / "shared")).resolve()
TRACES = SHARED / "traces"
GOLDEN = SHARED / "golden"

needs_traces = unittest.skipUnless(TRACES.is_dir(), f"no published traces in {TRACES}")
needs_golden = unittest.skipUnless(
    TRACES.is_dir() and GOLDEN.is_dir(), f"no golden results and published traces in {SHARED}")

TRAIN_HEADER = "dataset,network,batch_size,optimizer,learning_rate,run,target_metric,target_epoch\n"
POWER_HEADER = "dataset,network,batch_size,optimizer,power_limit,time_per_epoch,average_power\n"
GROUPS_HEADER = "group,start_time,end_time,dataset,runtime_ratio\n"

# One job on one GPU: three batch sizes, the largest of which never reaches the target 0.75, and two power limits.
SMALL_TRAIN = TRAIN_HEADER + "".join(
    f"birds,tiny,{size},sgd,0.1,{run},{target},{epochs}\n"
    for size, run, target, epochs in [
        (8, 1, 0.5, 6), (8, 2, 0.5, 7), (8, 1, 0.75, 12), (8, 2, 0.75, ""),
        (16, 1, 0.5, 4), (16, 2, 0.5, 5), (16, 1, 0.75, 9), (16, 2, 0.75, 10),
        (32, 1, 0.5, 9), (32, 2, 0.5, 8), (32, 1, 0.75, ""), (32, 2, 0.75, "nan"),
    ])
SMALL_POWER = POWER_HEADER + "".join(
    f"birds,tiny,{size},sgd,{limit},{time},{power}\n"
    for size, limit, time, power in [
        (8, 100, 50, 80), (8, 200, 40, 120), (16, 100, 30, 90), (16, 200, 24, 150),
        (32, 100, 20, 98), (32, 200, 16, 190),
    ])
SMALL_WORKLOADS = (
    "dataset,network,optimizer,target_metric,max_epochs,default_batch_size,default_learning_rate\n"
    "birds,tiny,sgd,0.5,20,16,0.1\n")


def run(*arguments, env=None, **options):
    """Runs the program. Whatever happens, it must not die of a signal."""
    options = {"capture_output": True, "text": True, "timeout": 120} | options
    done = subprocess.run([ZEUS, *map(str, arguments)], env=environment(**(env or {})), **options)
    if done.returncode < 0:
        raise AssertionError(f"zeus {' '.join(map(str, arguments))}: died of signal {-done.returncode}: {done.stderr}")
    return done


@contextlib.contextmanager
def started(command, **options):
    """A process that runs meanwhile. A test that fails does not wait for it: it is killed, and what it started."""
    options = {"env": environment()} | options
    with subprocess.Popen(command, start_new_session=True, **options) as process:
        try:
            yield process
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise


def environment(**changes):
    """This process's, without what changes what the program does; a value of None takes a variable away."""
    changed = {**os.environ, "ZEUS_TRACES": str(TRACES), "NO_COLOR": None, **changes}
    return {name: value for name, value in changed.items() if value is not None}


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


class ZeusTest(unittest.TestCase):
    """A test with a folder of its own."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="zeus_test."))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def small_traces(self, train=SMALL_TRAIN, power=SMALL_POWER, workloads=SMALL_WORKLOADS):
        """A trace folder with one GPU, "desk", and the workload "birds"."""
        for name, content in [("summary_train.csv", train), ("summary_power_desk.csv", power),
                              ("workloads.csv", workloads)]:
            if content is not None:
                self.write(f"small/{name}", content)
        return self.folder / "small"

    def succeeds(self, *arguments, **options):
        done = run(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def fails(self, code, message, *arguments, output="", **options):
        """The program ends with that code, one line on standard error that holds `message`, and that output."""
        done = run(*arguments, **options)
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        self.assertRegex(done.stderr, r"\Azeus: [^\n]+\n\Z", arguments)
        self.assertIn(message, done.stderr)
        if output is not None:
            self.assertEqual(done.stdout, output, arguments)
        return done

    def assert_same_history(self, expected, actual):
        """The same decisions, and energy and time within 1e-9."""
        self.assertEqual(len(expected), len(actual))
        for line, (want, have) in enumerate(zip(expected, actual), start=2):
            self.assertEqual(want.keys(), have.keys())
            for name, value in want.items():
                if name in ("energy_J", "time_s"):
                    self.assertLessEqual(abs(float(have[name]) - float(value)), 1e-9 * float(value), (line, name))
                else:
                    self.assertEqual(have[name], value, (line, name))
