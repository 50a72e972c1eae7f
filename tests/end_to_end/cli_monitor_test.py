"""`zeus monitor`: power, energy and temperature of GPUs as they go."""

import errno
import json
import os
import pty
import re
import signal
import subprocess
import time
import unittest

from zeus_program import ZEUS, ZeusTest, environment, rows, run, started


class MonitorCase(ZeusTest):
    def command(self, *arguments, machine=("--gpus", "v100x2")):
        return [str(each) for each in (ZEUS, "emulate", *machine, "--", ZEUS, "monitor", *arguments)]

    def monitor(self, *arguments, machine=("--gpus", "v100x2"), **options):
        return run(*self.command(*arguments, machine=machine)[1:], **options)

    def lines(self, *arguments, **options):
        done = self.monitor(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return rows(done.stdout)


class MonitorTest(MonitorCase):
    def test_power(self):
        found = self.lines("power", "--period", "0.2", "--for", "1")
        self.assertEqual(list(found[0]), ["time", "elapsed_s", "gpu", "power_W", "energy_J", "domain", "source", "failure"])
        self.assertEqual([row["gpu"] for row in found], ["0", "1"] * 6)
        self.assertEqual({row["power_W"] for row in found}, {"25.0"})
        self.assertAlmostEqual(float(found[-1]["elapsed_s"]), 1, delta=0.1)
        self.assertAlmostEqual(float(found[-1]["energy_J"]), 25, delta=1)
        self.assertEqual({row["domain"] for row in found}, {"device_instant"})
        self.assertEqual({row["source"] for row in found}, {"integrated"})

    def test_energy(self):
        found = self.lines("energy", "--period", "0.25", "--for", "1", "--gpu", "0", machine=("--gpus", "v100,m40"))
        self.assertAlmostEqual(float(found[-1]["energy_J"]), 25, delta=2)
        self.assertEqual(found[0]["average_power_W"], "")
        self.assertAlmostEqual(float(found[-1]["average_power_W"]), 25, delta=5)
        self.assertEqual({row["source"] for row in found}, {"measured"})
        integrated = self.lines("energy", "--period", "0.5", "--for", "1", "--gpu", "1", machine=("--gpus", "v100,m40"))[-1]
        self.assertEqual((integrated["gpu"], integrated["source"]), ("1", "integrated"))
        self.assertAlmostEqual(float(integrated["energy_J"]), 16, delta=1)

    def test_temperature(self):
        found = self.lines("temperature", "--period", "0.2", "--for", "0.4")
        self.assertEqual(list(found[0]), ["time", "elapsed_s", "gpu", "temperature_C", "failure"])
        self.assertTrue(all(20 < float(row["temperature_C"]) < 60 for row in found), found)

    def test_json_lines_say_the_same(self):
        done = self.monitor("power", "--json", "--period", "0.2", "--for", "0.4")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(lines), 6)
        self.assertEqual((lines[0]["gpu"], lines[0]["power_W"], lines[0]["failure"]), (0, 25, None))

    def test_a_domain(self):
        found = self.lines("power", "--domain", "device_average", "--for", "0.1", "--period", "0.1", machine=("--gpus", "h100"))
        self.assertEqual({row["domain"] for row in found}, {"device_average"})

    def test_an_interrupt_takes_a_last_reading(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            script = f"'{ZEUS}' monitor energy --period 100 & child=$!; sleep 0.8; kill -{int(number)} $child; wait $child"
            done = run("emulate", "--gpus", "v100", "--", "bash", "-c", script)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            first, last = rows(done.stdout)
            self.assertEqual(first["energy_J"], "0.0")
            self.assertGreater(float(last["energy_J"]), 5)

    def test_lines_come_as_they_are_measured(self):
        with started(self.command("power", "--period", "0.1"), stdout=subprocess.PIPE, text=True) as process:
            begin = time.monotonic()
            for _ in range(5):
                process.stdout.readline()
            self.assertLess(time.monotonic() - begin, 10)
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            self.assertEqual(process.wait(timeout=30), 0)


class MonitorTerminalTest(MonitorCase):
    def on_terminal(self, *arguments, **changes):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(self.command(*arguments), stdout=theirs, stderr=theirs,
                                   env=environment(TERM="xterm", **changes))
        os.close(theirs)
        text = b""
        with open(ours, "rb", buffering=0) as terminal:
            try:
                while part := terminal.read(65536):
                    text += part
            except OSError as error:
                if error.errno != errno.EIO:  # How a terminal that nobody else has open tells its end.
                    raise
        self.assertEqual(process.wait(timeout=60), 0)
        return text.decode().replace("\r\n", "\n")

    def test_a_table_with_graphs_that_is_redrawn(self):
        text = self.on_terminal("power", "--period", "0.1", "--for", "0.5")
        frames = re.split(r"\x1b\[(\d+)A\x1b\[J", text)
        self.assertEqual(len(frames[::2]), 6)
        self.assertEqual(set(frames[1::2]), {str(frames[0].count("\n"))})
        self.assertRegex(frames[-1], r"(?m)^  0  Tesla V100-PCIE-32GB +25\.0 W .* █{6}$")
        self.assertIn("0.5 s; energy integrated; Ctrl-C ends", frames[-1])
        for line in re.sub(r"\x1b\[\d*m", "", frames[-1]).splitlines():
            self.assertLess(len(line), 80)

    def test_no_color(self):
        self.assertIn("\x1b[1m", self.on_terminal("temperature", "--for", "0.1", NO_COLOR=""))
        self.assertNotRegex(self.on_terminal("temperature", "--for", "0.1", NO_COLOR="1"), r"\x1b\[\d*m")

    def test_csv_on_request(self):
        text = self.on_terminal("power", "--csv", "--for", "0.1", "--period", "0.1")
        self.assertNotIn("\x1b", text)
        self.assertEqual(len(rows(text)), 4)


class MonitorFaultTest(MonitorCase):
    def test_a_gpu_lost_in_the_middle(self):
        config = self.write("machine.toml", '[[gpu]]\npreset = "v100"\ncount = 2\n'
                                            '[[fault]]\ngpu = 1\nerror = "gpu_is_lost"\nafter_seconds = 0.5\n')
        for kind, column in (("power", "power_W"), ("energy", "energy_J"), ("temperature", "temperature_C")):
            done = self.monitor(kind, "--period", "0.2", "--for", "1", machine=("--config", config))
            self.assertEqual(done.returncode, 1, kind)
            self.assertRegex(done.stderr, r"\Azeus: .*GPU 1.*lost.*\n\Z")
            last = rows(done.stdout)[-2:]
            self.assertNotEqual(last[0][column], "")
            self.assertEqual(last[1][column], "")
            self.assertIn("lost", last[1]["failure"])

    def test_wrong_usage(self):
        for arguments, message in [
            ((), "a command is missing; there are: power, energy, temperature; see `zeus monitor --help`"),
            (("power", "--period", "0"), "--period: expected seconds above 0, found 0"),
            (("power", "--period", "-1"), "--period"),
            (("energy", "--period", "often"), "--period: expected a number from 0 to 1e+09, found \"often\""),
            (("power", "--for", "-1"), "--for"),
            (("power", "--gpu", "2"), "--gpu: there is no GPU 2; there are 0 to 1"),
            (("power", "--domain", "board"), "--domain: expected device_instant, device_average or memory_average, found \"board\""),
            (("power", "--domain", "memory_average"), "--domain: GPU 0 has no memory_average: "),
            (("power", "--csv", "--json"), "excludes"),
        ]:
            done = self.monitor(*arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), (arguments, done.stderr))
            self.assertIn(message, done.stderr)

    def test_no_gpu(self):
        done = run("monitor", "power", "--for", "0")
        if done.returncode == 0:
            self.skipTest("this machine has a GPU")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("zeus: there is no GPU here: ", done.stderr)

    def test_a_bad_visibility_variable(self):
        done = self.monitor("power", env={"CUDA_VISIBLE_DEVICES": "7"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no GPU 7", done.stderr)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full on this system")
    def test_standard_output_on_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(self.command("power"), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                                  env=environment())
        self.assertEqual((done.returncode, done.stderr),
                         (1, "zeus: standard output: cannot write: No space left on device\n"))


if __name__ == "__main__":
    unittest.main()
