"""`zeus_monitor`: the original monitor's command line and file."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

from zeus_program import ZEUS, ZeusTest, environment, started

MONITOR = pathlib.Path(os.environ["ZEUS_MONITOR_PROGRAM"]).resolve()
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9},\d+")


class ZeusMonitorTest(ZeusTest):
    def setUp(self):
        super().setUp()
        self.log = self.folder / "power.csv"

    def monitor(self, *arguments, machine=("--gpus", "v100x2"), **options):
        options = {"capture_output": True, "text": True, "timeout": 60, "env": environment()} | options
        return subprocess.run([ZEUS, "emulate", *map(str, machine), "--", MONITOR, *map(str, arguments)], **options)

    def samples(self):
        text = self.log.read_text()
        self.assertTrue(text.endswith("\n"), text[-100:])
        header, *lines = text.splitlines()
        self.assertEqual(header, "Time,Power")
        for line in lines:
            self.assertRegex(line, LINE)
        return lines

    def test_a_duration(self):
        done = self.monitor(self.log, 1, 100)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"10 samples of Tesla V100-PCIE-32GB (GPU 0) in {self.log}\n")
        lines = self.samples()
        self.assertEqual(len(lines), 10)
        self.assertEqual({line.split(",")[1] for line in lines}, {"25000"})
        # Deadlines do not drift.
        seconds = [float(line.split(",")[0].rsplit(":", 1)[1]) for line in lines]
        self.assertAlmostEqual((seconds[-1] - seconds[0]) % 60, 0.9, delta=0.05)

    def test_zeus_analyzes_it(self):
        self.monitor(self.log, 1, 50)
        self.assertRegex(self.succeeds("analyze", self.log), r"average power +25\.000 W")

    def test_times_are_utc(self):
        before = time.gmtime()
        self.monitor(self.log, 0.1, 20)
        stamp = time.strptime(self.samples()[0][:19], "%Y-%m-%d %H:%M:%S")
        self.assertLess(abs(time.mktime(stamp) - time.mktime(before)), 60)

    def test_polling_without_sleep(self):
        self.monitor(self.log, 0.5, 0)
        self.assertGreater(len(self.samples()), 1000)

    def ends(self):
        """The first line and some of the last; a busy machine lets the file grow to gigabytes."""
        with self.log.open("rb") as log:
            header = log.readline()
            log.seek(max(len(header), self.log.stat().st_size - 4096))
            lines = log.read(4096).decode().split("\n")
        return [header.decode().removesuffix("\n"), *lines[1:-1]]

    def test_another_gpu(self):
        self.assertEqual(self.monitor(self.log, 0.2, 50, 1).returncode, 0)
        self.assertEqual(self.monitor(self.log, 0.2, 50, 1, env=environment(CUDA_VISIBLE_DEVICES="0")).returncode, 0)
        done = self.monitor(self.log, 0.2, 50, 2)
        self.assertEqual((done.returncode, done.stderr),
                         (2, "zeus_monitor: GPU_IDX: there is no GPU 2; there are: 0, 1\n"))

    def test_every_line_is_whole_after_a_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for sleep in (0, 1):
                # In the background of a script, where SIGINT is ignored.
                script = f"'{MONITOR}' '{self.log}' 0 {sleep} & child=$!; sleep 0.4; kill -{int(number)} $child; wait $child"
                done = subprocess.run([ZEUS, "emulate", "--", "bash", "-c", script], capture_output=True, text=True,
                                      timeout=60, env=environment())
                self.assertEqual(done.returncode, 0, (number, sleep, done.stderr))
                self.assertGreater(len(self.samples()), 100, (number, sleep))

    def test_nohup_keeps_it_from_a_hang_up(self):
        script = f"nohup '{MONITOR}' '{self.log}' 1 10 & child=$!; sleep 0.3; kill -HUP $child; wait $child"
        subprocess.run([ZEUS, "emulate", "--", "bash", "-c", script], capture_output=True, timeout=60, check=True,
                       env=environment())
        self.assertGreater(len(self.samples()), 80)

    def test_every_line_is_whole_when_it_is_ended_as_it_writes(self):
        """Whoever reads meanwhile may see a line half written: a file grows by pages."""
        for size in (50_000, 200_000, 200_001):
            self.log.unlink(missing_ok=True)
            with started([ZEUS, "emulate", "--", MONITOR, self.log, "0", "0"], stdout=subprocess.DEVNULL) as process:
                try:
                    deadline = time.monotonic() + 30
                    while not self.log.exists() or self.log.stat().st_size < size:
                        self.assertLess(time.monotonic(), deadline)
                        time.sleep(0.001)
                    for _ in range(20):
                        header, *lines = self.ends()
                        self.assertEqual(header, "Time,Power")
                        for line in lines:
                            self.assertRegex(line, LINE)
                    process.send_signal(signal.SIGTERM)
                    self.assertEqual(process.wait(timeout=30), 0)
                finally:
                    process.kill()
            self.samples()

    def test_every_line_is_whole_when_the_file_may_not_grow(self):
        for limit in (5, 1000, 4096, 123_457):
            script = (f"import os, resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}));"
                      f" os.execv('{MONITOR}', ['zeus_monitor', '{self.log}', '5', '0'])")
            done = subprocess.run([ZEUS, "emulate", "--", sys.executable, "-c", script], capture_output=True, text=True,
                                  timeout=60, env=environment())
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(done.stderr, f"zeus_monitor: {self.log}: cannot write: File too large\n")
            size = self.log.stat().st_size
            self.assertLessEqual(size, limit)
            if limit > 100:
                self.samples()
                self.assertGreater(size, limit - 40)
            else:
                self.assertEqual(size, 0)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full on this system")
    def test_a_full_disk(self):
        done = self.monitor("/dev/full", 5, 10)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, "", "zeus_monitor: /dev/full: cannot write: No space left on device\n"))

    def test_a_gpu_lost_in_the_middle(self):
        config = self.write("machine.toml", '[[gpu]]\npreset = "v100"\n[[fault]]\ngpu = 0\nerror = "gpu_is_lost"\n'
                                            "after_seconds = 0.5\n")
        done = self.monitor(self.log, 1, 50, machine=("--config", config))
        self.assertEqual(done.returncode, 1)
        first, last = done.stderr.splitlines()
        self.assertRegex(first, r"zeus_monitor: .*GPU 0.*lost.*; the log has a gap from here on")
        self.assertRegex(last, r"zeus_monitor: .*GPU 0.*lost")
        self.assertTrue(5 <= len(self.samples()) <= 11, self.samples())

    def test_a_gpu_that_comes_back(self):
        config = self.write("machine.toml", '[[gpu]]\npreset = "v100"\n[[fault]]\ngpu = 0\nerror = "timeout"\n'
                                            "after_seconds = 0.5\nfor_seconds = 0.3\n")
        done = self.monitor(self.log, 1.5, 50, machine=("--config", config))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("zeus_monitor: GPU 0 answers again\n", done.stderr)

    def test_wrong_usage(self):
        for arguments, message in [
            ((), "expected LOGFILE DURATION SLEEP_MS [GPU_IDX], found 0 arguments; see `zeus_monitor --help`"),
            ((self.log, 1), "found 2 arguments"),
            ((self.log, 1, 2, 3, 4), "found 5 arguments"),
            ((self.log, "soon", 1), "DURATION: expected seconds, from 0 to 1e9, found \"soon\""),
            ((self.log, -1, 1), "DURATION: expected seconds, from 0 to 1e9, found \"-1\""),
            ((self.log, 1, -5), "SLEEP_MS: expected milliseconds, from 0 to 1e9, found \"-5\""),
            ((self.log, 1, "nan"), "SLEEP_MS: expected milliseconds, from 0 to 1e9, found \"nan\""),
            ((self.log, 1, 1, "x"), "GPU_IDX: expected a whole number from 0 on, found \"x\""),
            ((self.log, 1, 1, -1), "GPU_IDX: expected a whole number from 0 on, found \"-1\""),
            ((self.folder, 1, 1), "cannot create: Is a directory"),
        ]:
            done = self.monitor(*arguments)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), (arguments, done.stderr))
            self.assertIn(message, done.stderr)
        self.assertFalse(self.log.exists())

    def test_a_folder_that_is_not_there(self):
        done = self.monitor(self.folder / "absent/power.csv", 1, 1)
        self.assertEqual(done.returncode, 1)
        self.assertIn("absent/power.csv: cannot create: No such file or directory", done.stderr)

    def test_no_gpu(self):
        done = subprocess.run([MONITOR, self.log, "1", "1"], capture_output=True, text=True, timeout=60,
                              env=environment(CUDA_VISIBLE_DEVICES=None))
        if done.returncode == 0:
            self.skipTest("this machine has a GPU")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no GPU here", done.stderr)

    def test_help(self):
        done = subprocess.run([MONITOR, "--help"], capture_output=True, text=True, timeout=60, check=True)
        self.assertIn("Usage: zeus_monitor LOGFILE DURATION SLEEP_MS [GPU_IDX]\n", done.stdout)


if __name__ == "__main__":
    unittest.main()
