"""`zeus analyze`: energy and average power of a power log."""

import json
import os
import re
import subprocess
import threading
import unittest
import xml.etree.ElementTree

from zeus_program import ZEUS, ZeusTest, run, started

HEADER = "Time,Power\n"


def line(second, watts):
    return f"2022-09-15 03:{10 + int(second) // 60:02}:{second % 60:012.9f},{round(watts * 1000)}\n"


def trapezoid(samples):
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(samples, samples[1:]))


class AnalyzeTest(ZeusTest):
    SAMPLES = [(i * 0.5, 100 + 7 * i % 50) for i in range(200)]

    def log(self, samples=SAMPLES, name="power.csv"):
        return self.write(name, HEADER + "".join(line(*sample) for sample in samples))

    def analyze(self, *arguments):
        return json.loads(self.succeeds("analyze", *arguments, "--json"))

    def test_the_whole_log(self):
        found = self.analyze(self.log())
        self.assertEqual(found["samples"], 200)
        self.assertAlmostEqual(found["energy_J"], trapezoid(self.SAMPLES), delta=1e-6)
        self.assertAlmostEqual(found["time_s"], 99.5)
        self.assertAlmostEqual(found["average_power_W"], trapezoid(self.SAMPLES) / 99.5)
        self.assertEqual((found["lowest_power_W"], found["peak_power_W"]), (100, 149))
        self.assertEqual(found["first"], "2022-09-15 03:10:00.000000000")

    def test_between_two_times(self):
        log = self.log()
        for start, end, low, high in [(10, 20, 10, 20), (-10, None, 89.5, 99.5), (None, -90, 0, 9.5), (5.2, 7.9, 5.2, 7.9),
                                      (-50, -1, 49.5, 98.5)]:
            flags = [] if start is None else ["--start", start]
            flags += [] if end is None else ["--end", end]
            found = self.analyze(log, *flags)
            within = [sample for sample in self.SAMPLES if low <= sample[0] <= high]
            self.assertAlmostEqual(found["energy_J"], trapezoid(within), msg=(start, end))
            self.assertAlmostEqual(found["average_power_W"], trapezoid(within) / (within[-1][0] - within[0][0]))
            self.assertEqual((found["start_s"], found["end_s"]), (within[0][0], within[-1][0]))

    def test_the_table_says_the_same(self):
        text = self.succeeds("analyze", self.log([(0, 100), (10, 300)]))
        for row in (r"energy +2\.00 kJ \(2000\.000 J\)", r"average power +200\.000 W", r"peak power +300\.000 W"):
            self.assertRegex(text, row)

    def test_a_half_written_last_line_is_left_out_and_told(self):
        log = self.write("power.csv", HEADER + line(0, 100) + line(1, 100) + line(2, 100)[:-1])
        done = run("analyze", log, "--json")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stdout)["energy_J"], 100)
        self.assertEqual(done.stderr, f"zeus: {log}: the last line is incomplete and left out\n")

    def test_a_complete_last_line_is_used(self):
        self.assertEqual(self.analyze(self.log([(0, 100), (1, 100), (2, 100)]))["energy_J"], 200)

    def test_a_pipe(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        text = self.log().read_text()
        writer = threading.Thread(target=pipe.write_text, args=(text,))
        writer.start()
        found = self.analyze(pipe)
        writer.join()
        self.assertAlmostEqual(found["energy_J"], trapezoid(self.SAMPLES), delta=1e-6)

    def test_a_picture(self):
        picture = self.folder / "power.svg"
        self.succeeds("analyze", self.log(), "--plot", picture)
        text = picture.read_text()
        xml.etree.ElementTree.fromstring(text)
        self.assertIn("power.csv: 12.39 kJ in 99.5 s", text)
        self.assertEqual(self.succeeds("analyze", self.log(), "--plot", "-"), text)

    def test_a_picture_of_many_samples_is_small_and_keeps_the_peak(self):
        samples = [(i / 1000, 100 + i % 13) for i in range(300_000)]
        samples[123_456] = (123.456, 399)
        picture = self.folder / "power.svg"
        self.succeeds("analyze", self.log(samples), "--plot", picture)
        text = picture.read_text()
        self.assertLess(len(text), 200_000)
        heights = [float(y) for y in re.findall(r",(\d+\.\d) ", re.search(r'class="band" points="([^"]*)"', text)[1])]
        # The highest lies a twentieth below the top.
        self.assertAlmostEqual(min(heights), 56 + (340 - 56 - 46) * (1 - 1 / 1.05), delta=0.1)


class AnalyzeBadInputTest(ZeusTest):
    def test_a_damaged_log_is_named_by_its_place(self):
        good = HEADER + line(0, 100) + line(1, 100)
        for text, message in [
            ("", "the file has no complete line: expected a header line with the columns Time,Power"),
            ("Time,Watts\n", ":1: no column \"Power\""),
            (good + "nonsense\n", ":4: expected 2 fields, as in the header, found 1"),
            (good + "2022-09-15 03:61:00,1\n", ":4: Time: expected a time such as 2022-09-15 03:10:02.421413000, found"),
            (good + "2022-09-15 03:10:03,1 W\n", ":4: Power: expected milliwatts, a number from 0 on, found \"1 W\""),
            (good + line(0.5, 1) + line(3, 1), ":4: Time: 2022-09-15 03:10:00.500000000 is before the"),
            (b"\xff\xfe" + good.encode("utf-16-le"), ":1: no column \"Time\""),
        ]:
            log = self.write("power.csv", text)
            self.fails(1, f"zeus: {log}{'' if message.startswith(':') else ': '}{message}", "analyze", log)

    def test_spans_that_hold_nothing(self):
        log = self.write("power.csv", HEADER + line(0, 100) + line(1, 100) + line(2, 100))
        self.fails(2, "the span ends at 1 s, which is not after its start at 2 s", "analyze", log, "--start", "2", "--end", "1")
        self.fails(2, "energy needs two samples at different times, found 1 in the span (the log is 2.000 s long)",
                   "analyze", log, "--start", "1.5")
        self.fails(2, "found 0 in the span", "analyze", log, "--start", "100")
        self.fails(2, "found 0 in the log", "analyze", self.write("empty.csv", HEADER))

    def test_wrong_usage(self):
        self.fails(2, "log is required", "analyze")
        self.fails(2, "--start: expected a number from -1e+09 to 1e+09, found \"soon\"", "analyze", "x.csv", "--start", "soon")
        self.fails(2, "found \"nan\"", "analyze", "x.csv", "--start", "nan")
        self.fails(1, "absent.csv: cannot open: No such file or directory", "analyze", self.folder / "absent.csv")
        self.fails(2, "cannot read: Is a directory", "analyze", self.folder)

    def test_a_time_from_the_end_of_a_pipe(self):
        with started([ZEUS, "analyze", "/dev/stdin", "--start", "-1"], stdin=subprocess.PIPE, text=True,
                     stderr=subprocess.PIPE) as process:
            _, error = process.communicate(HEADER + line(0, 1) + line(1, 1))
            self.assertEqual(process.returncode, 2)
            self.assertIn("a time from the end needs a regular file", error)

    def test_a_picture_that_cannot_be_written(self):
        log = self.write("power.csv", HEADER + line(0, 100) + line(1, 100))
        self.fails(1, "/dev/full: cannot write: No space left on device", "analyze", log, "--plot", "/dev/full")


if __name__ == "__main__":
    unittest.main()
