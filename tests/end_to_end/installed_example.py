"""Examples as their users have them: built against the installed package alone, and run on an emulated machine.

ZEUS_BUILD_FOLDER is the build that is installed, ZEUS_SOURCE_FOLDER holds the examples, ZEUS_CXX and ZEUS_CXX_FLAGS are
the compiler and what it is told.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from zeus_program import ZeusTest, environment, started

SOURCE = pathlib.Path(os.environ["ZEUS_SOURCE_FOLDER"])
# The card's own range, and a limit that is neither end of it: what has to be back afterwards.
LIMITS = [100, 125, 150, 175, 200, 225, 250]
LIMIT_BEFORE = 230


def quietly(*command, **options):
    """Runs a command whose output matters only when it fails."""
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")


class InstalledExampleTest(ZeusTest):
    """Tests of `example`, a folder of examples/."""

    example = ""

    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="zeus_example."))
        cls.addClassCleanup(shutil.rmtree, cls.work)
        prefix = cls.work / "prefix"
        quietly("cmake", "--install", os.environ["ZEUS_BUILD_FOLDER"], "--prefix", prefix)
        cls.zeus = prefix / "bin" / "zeus"
        cls.build = cls.work / "build"
        quietly("cmake", "-S", SOURCE / "examples" / cls.example, "-B", cls.build, "-G", "Ninja",
                f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release",
                f"-DCMAKE_CXX_COMPILER={os.environ['ZEUS_CXX']}",
                f"-DCMAKE_CXX_FLAGS={os.environ['ZEUS_CXX_FLAGS']} -Wall -Wextra -Wpedantic -Wshadow -Werror")
        quietly("cmake", "--build", cls.build)

    def setUp(self):
        super().setUp()
        self.logs = self.folder / "logs"
        # A name of its own gives the GPU a UUID of its own: settings are journalled by UUID, for all of a user's
        # processes.
        self.machine = self.write("machine.toml", f"""settings = "everyone"
[[gpu]]
preset = "v100"
name = "Tesla V100 of {type(self).__name__}"
default_power_limit_w = {LIMIT_BEFORE}
""")

    def variables(self, target, **changes):
        return environment(**{"ZEUS_TARGET_METRIC": str(target), "ZEUS_LOG_DIR": str(self.logs), "ZEUS_JOB_ID": "job",
                              "ZEUS_PROFILE_PARAMS": "2,4", **changes})

    def train(self, *arguments, target=0.5, wanted=0, timeout=240, **changes):
        """Runs the example on the emulated machine. Its output; afterwards the limit is what it was before."""
        state = self.folder / "state"
        after = self.folder / "after.json"
        script = f'"$@"; code=$?; "{self.zeus}" env --json >"{after}"; exit $code'
        done = subprocess.run(
            [self.zeus, "emulate", "--config", self.machine, "--state", state, "--", "sh", "-c", script, "train",
             *map(str, arguments)],
            env=self.variables(target, **changes), capture_output=True, text=True, timeout=timeout, check=False)
        self.assertEqual(done.returncode, wanted, (done.stdout, done.stderr))
        self.assertEqual(json.loads(after.read_text())["gpus"][0]["power_limit_w"], LIMIT_BEFORE)
        return done.stdout if wanted == 0 else done.stderr

    def terminate_while_training(self, *arguments):
        """Ends the example by SIGTERM in its second epoch. Its exit code, and the limit before and after that."""
        after = self.folder / "after.json"
        script = (f'"$@" & training=$!; echo $training; wait $training; code=$?; "{self.zeus}" env --json >"{after}"; '
                  "exit $code")
        with started(
                [self.zeus, "emulate", "--config", self.machine, "--state", self.folder / "state", "--", "sh", "-c",
                 script, "train", *map(str, arguments)],
                env=self.variables(2), stdout=subprocess.PIPE, text=True) as process:
            training = int(process.stdout.readline())
            self.assertTrue(process.stdout.readline().startswith("epoch 1:"))
            during = subprocess.run(
                [self.zeus, "emulate", "--state", self.folder / "state", "--", self.zeus, "env", "--json"],
                env=environment(), capture_output=True, text=True, check=True).stdout
            os.kill(training, signal.SIGTERM)
            code = process.wait(timeout=60)
        limit = [json.loads(text)["gpus"][0]["power_limit_w"] for text in (during, after.read_text())]
        return code, *limit

    def result(self, batch_size):
        """The run's result, which is complete and fits together."""
        result = json.loads((self.logs / f"job+bs{batch_size}.train.json").read_text())
        self.assertEqual(set(result), {"energy", "time", "cost", "num_epochs", "reached"})
        self.assertGreater(result["time"], 0)
        # An awake card draws 34 W, and no limit lets it draw more than 250.
        self.assertGreater(result["energy"], 34 * result["time"])
        self.assertLess(result["energy"], 260 * result["time"])
        cost = 0.5 * result["energy"] + 0.5 * 250 * result["time"]
        self.assertAlmostEqual(result["cost"], cost, delta=1e-6 * cost)
        return result

    def profile(self, batch_size):
        """The power profile: every limit, slower and with less power the lower it is."""
        profile = json.loads((self.logs / f"bs{batch_size}.power.json").read_text())
        power, throughput = ({int(limit) // 1000: value for limit, value in profile[name].items()}
                             for name in ("train_power", "train_throughput"))
        self.assertEqual(sorted(power), LIMITS)
        self.assertEqual(sorted(throughput), LIMITS)
        # A window's edges fall anywhere between two steps of the energy counter, 20 ms apart.
        self.assertLess(power[100], 0.75 * power[250])
        # With sanitizers the host can be slower than the emulated GPU, and the limit then hardly matters.
        if "sanitizers" not in os.environ["ZEUS_BUILD"]:
            self.assertLess(throughput[100], 0.9 * throughput[250], throughput)
        for lower, higher in zip(LIMITS[:-2], LIMITS[2:]):
            self.assertLess(power[lower], 1.15 * power[higher], power)
        for limit in LIMITS:
            self.assertLess(power[limit], 1.4 * limit, power)
        best = min(LIMITS, key=lambda limit: (0.5 * power[limit] + 0.5 * 250) / throughput[limit])
        self.assertEqual(profile["optimal_pl"], 1000 * best)
        self.assertEqual(list(profile["eval_power"]), [str(1000 * best)])
        self.assertEqual(profile["job_id"], "job")
        return profile

    def check_power_logs(self, batch_size, epochs):
        """A power log for each epoch, whose samples are in order and possible."""
        logs = sorted(self.logs.glob(f"bs{batch_size}+e*+gpu0.power.log"))
        self.assertEqual(len(logs), epochs, logs)
        for log in logs:
            lines = log.read_text().splitlines()
            self.assertEqual(lines[0], "Time,Power")
            self.assertGreater(len(lines), 1, log)
            times = [line.split(",")[0] for line in lines[1:]]
            self.assertEqual(times, sorted(times))
            for line in lines[1:]:
                self.assertRegex(line, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9},\d+$")
                self.assertTrue(20_000 <= int(line.split(",")[1]) <= 260_000, line)

    @staticmethod
    def epochs(output):
        """Loss and accuracy of each epoch that was printed."""
        return re.findall(r"^epoch \d+: loss ([\d.]+), accuracy ([\d.]+)$", output, re.MULTILINE)
