"""`zeus capriccio`: slices of dated, labelled text, and the corpus that it makes up."""

import datetime
import json
import os
import pathlib
import resource
import signal
import subprocess
import threading
import time
import unittest

from cli_terminal_test import CLEAR_LINE, on_terminal
from zeus_program import ZEUS, ZeusTest, environment, run


def corpus_rows(text):
    """The rows of a corpus in the published layout, by date; rows of one date stay in their order."""
    rows = []
    for line in text.decode("latin-1").splitlines():
        polarity, number, date, query, user, said = line[1:-1].split('","')
        when = datetime.datetime.strptime(date.replace(" PDT", ""), "%a %b %d %H:%M:%S %Y")
        rows.append((when, {"label": int(polarity), "id": int(number), "date": date, "text": said}))
    return sorted(rows, key=lambda row: row[0])


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


class CapriccioTest(ZeusTest):
    def setUp(self):
        super().setUp()
        self.tweets = self.folder / "tweets.csv"
        self.out = self.folder / "slices"

    def generate(self, *arguments):
        self.succeeds("capriccio", "generate", "--out", self.tweets, "--rows", 1600, *arguments)

    def names(self):
        return sorted(path.name for path in self.out.iterdir())


class SliceTest(CapriccioTest):
    def test_slices_are_those_of_a_naive_slicer(self):
        self.generate()
        report = json.loads(self.succeeds("capriccio", self.tweets, "--out", self.out, "--window", 500, "--json"))
        rows = corpus_rows(self.tweets.read_bytes())
        self.assertEqual((report["rows"], report["damaged_rows"], report["seed"]), (1600, 0, 42))
        day, windows = datetime.date(2009, 5, 1), []
        while True:
            first = next(i for i, row in enumerate(rows) if row[0].date() >= day)
            if len(rows) - first < 500:
                break
            self.assertEqual(rows[first][0].date(), day)  # This corpus has rows on every day.
            windows.append((first, rows[first:first + 500]))
            day += datetime.timedelta(days=1)
        self.assertEqual(len(windows), 38)  # As the published data gives with its window.
        self.assertEqual(self.names(), sorted(f"{n}_{part}.json" for n in range(1, 39) for part in ("train", "val")))
        end_before = 0
        for slice_, (first, window) in zip(report["slices"], windows, strict=True):
            train, validation = lines(pathlib.Path(slice_["train_file"])), lines(pathlib.Path(slice_["val_file"]))
            self.assertEqual((len(train), len(validation)), (425, 75))
            by_id = sorted(train + validation, key=lambda row: row["id"])
            self.assertEqual(by_id, sorted((row for _, row in window), key=lambda row: row["id"]))
            self.assertNotEqual(train, sorted(train, key=lambda row: row["id"]))
            self.assertEqual(list(train[0]), ["label", "id", "date", "text"])
            self.assertEqual(slice_["first"], window[0][0].isoformat())
            self.assertEqual(slice_["last"], window[-1][0].isoformat())
            self.assertEqual(slice_["overlap_rows"], max(0, end_before - first))
            self.assertEqual(slice_["overlap"], slice_["overlap_rows"] / 500)
            end_before = first + 500

    def test_the_same_bytes_each_time_and_others_with_another_seed(self):
        self.generate()
        seen = []
        for n, arguments in enumerate([(), (), ("--seed", 7)]):
            out = self.folder / f"out{n}"
            self.succeeds("capriccio", self.tweets, "--out", out, "--window", 500, *arguments)
            seen.append({path.name: path.read_bytes() for path in out.iterdir()})
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0].keys(), seen[2].keys())
        self.assertNotEqual(seen[0], seen[2])

    def test_the_order_is_numpys(self):
        """Debian's Python has NumPy; another may not."""
        check = subprocess.run(
            ["/usr/bin/python3", "-c",
             "import json, numpy; print(json.dumps(numpy.random.default_rng(42).choice(20000, 20000, replace=False).tolist()))"],
            capture_output=True, text=True, check=False)
        if check.returncode != 0:
            self.skipTest("no NumPy")
        self.write("rows.csv", "".join(f"{i},x,{i}\n" for i in range(20000)))
        self.succeeds("capriccio", self.folder / "rows.csv", "--out", self.out, "--window", 20000, "--start",
                      "1970-01-01", "--columns", "n,label,when", "--label", "label", "--date", "when", "--date-format",
                      "%s", "--numbers", "n")
        order = [row["n"] for part in ("train", "val") for row in lines(self.out / f"1_{part}.json")]
        self.assertEqual(order, json.loads(check.stdout))

    def test_the_table(self):
        self.generate()
        text = self.succeeds("capriccio", self.tweets, "--out", self.out, "--window", 1000, "--stride", 2)
        self.assertIn("slice  first day   last day    rows  train  val  shared with the one before\n", text)
        self.assertRegex(text, r"\n +1  2009-05-01  2009-06-\d\d  1000    850  150 +-\n")
        self.assertRegex(text, r"\n +2  2009-05-03  2009-06-\d\d  1000    850  150 +9\d\d \(9\d\.\d%\)\n")
        self.assertTrue(text.endswith(" slices of 1600 rows from 2009-04-06 to 2009-06-25\n"))

    def test_json_lines_from_standard_input(self):
        rows = [{"user": 1, "when": f"2020-01-0{1 + i % 3}T00:00:0{i}Z", "mood": "good" if i % 2 else "bad", "x": [i]}
                for i in range(9)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        done = run("capriccio", "-", "--input-format", "json", "--out", self.out, "--window", 4, "--label", "mood",
                   "--date", "when", "--date-format", "%FT%T%z", "--train-share", 0.5, "--json", input=text)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        report = json.loads(done.stdout)
        self.assertEqual([slice_["first"] for slice_ in report["slices"]],
                         ["2020-01-01T00:00:00", "2020-01-02T00:00:01"])
        first = lines(self.out / "1_train.json") + lines(self.out / "1_val.json")
        self.assertEqual(sorted(row["x"][0] for row in first), [0, 1, 3, 6])
        self.assertEqual([list(row) for row in first], [["when", "label", "x"]] * 4)

    def test_old_slices(self):
        self.generate()
        slice_ = ("capriccio", self.tweets, "--out", self.out, "--window", 1000)
        self.succeeds(*slice_, "--stride", 5)
        before = self.names()
        self.fails(1, "is there already", *slice_)
        self.assertEqual(self.names(), before)
        self.succeeds(*slice_, "--stride", 20, "--force")
        self.assertLess(len(self.names()), len(before))

    def test_progress_shows_on_a_terminal_and_is_gone_at_the_end(self):
        self.generate()
        code, terminal, _ = on_terminal("capriccio", self.tweets, "--out", self.out, "--window", 500,
                                        streams=("stderr",))
        self.assertEqual(code, 0)
        self.assertRegex(terminal, r"slices \[#*\.*\] \d+/38 ")
        self.assertTrue(terminal.endswith(CLEAR_LINE))


class DamageTest(CapriccioTest):
    def setUp(self):
        super().setUp()
        self.generate()

    def damage(self, number, line):
        text = self.tweets.read_bytes().splitlines(keepends=True)
        text[number - 1] = line
        self.tweets.write_bytes(b"".join(text))

    def slice_(self, *arguments):
        return ("capriccio", self.tweets, "--out", self.out, "--window", 500, *arguments)

    def test_is_told_with_its_place(self):
        for line, message in [
            (b"\n", None),
            (b'"0","1"\n', ":1000:1: expected 6 fields (polarity, id, date, query, user, text), found 2"),
            (b'"0","1","yesterday","q","u","t"\n',
             ":1000:9: date: expected a date like %a %b %d %H:%M:%S %Z %Y, found \"yesterday\""),
            (b'"0","x","Mon Apr 06 22:19:45 PDT 2009","q","u","t"\n', ":1000:5: id: expected a whole number, found \"x\""),
        ]:
            with self.subTest(line=line):
                self.damage(1000, line)
                if message:
                    self.fails(1, f"zeus: {self.tweets}{message}", *self.slice_())
                    self.assertEqual(self.names(), [])
                else:
                    self.succeeds(*self.slice_("--force"))
                    for path in self.out.iterdir():
                        path.unlink()

    def test_may_be_passed_over_and_is_counted(self):
        self.damage(10, b'"0","1"\n')
        self.damage(1000, b"\xff\xfe\n")
        done = run(*self.slice_("--skip-damaged", "--json"))
        self.assertEqual(done.returncode, 0)
        self.assertIn(f"zeus: passed over: {self.tweets}:10:1: expected 6 fields", done.stderr)
        self.assertIn("zeus: 2 damaged rows were passed over, 1598 are in the data\n", done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual((report["rows"], report["damaged_rows"]), (1598, 2))

    def test_flags_that_are_wrong(self):
        for arguments, message in [
            (("capriccio", self.tweets, "--out", self.out), "no window of 500000 rows starts on 2009-05-01"),
            (self.slice_("--start", "2010-01-01"), "there are 1600 rows from 2009-04-06 to 2009-06-25"),
            (self.slice_("--start", "May 1"), "--start: expected a day such as 2009-05-01, found \"May 1\""),
            (self.slice_("--label", "mood"), "label: there is no column \"mood\"; there are: polarity, id, date,"),
            (self.slice_("--drop", "mood"), "left-out fields: there is no column \"mood\""),
            (self.slice_("--date-format", "%q"), "there is no conversion %q"),
            (self.slice_("--stride", 0), "stride: expected at least 1 day, found 0"),
            (self.slice_("--train-share", 1), "train_share: expected a number between 0 and 1, found 1"),
            (self.slice_("--encoding", "ebcdic"), "--encoding"),
            (("capriccio", "--out", self.out), "FILE is required"),
            (("capriccio", self.tweets), "--out is required"),
            (("capriccio", self.folder, "--out", self.out), "cannot read: Is a directory"),
        ]:
            with self.subTest(message=message):
                self.fails(2, message, *arguments)
        self.fails(1, "nowhere.csv: cannot open: No such file or directory", "capriccio", "nowhere.csv", "--out", self.out)
        self.fails(1, f"{self.tweets}: cannot create the folder", "capriccio", self.tweets, "--out", self.tweets)


class EndTest(CapriccioTest):
    def test_a_full_disk(self):
        self.generate()
        limited = subprocess.run(
            [ZEUS, "capriccio", self.tweets, "--out", self.out, "--window", "500"], capture_output=True, text=True,
            env=environment(), check=False, timeout=60,
            preexec_fn=lambda: (resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
                                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)), restore_signals=False)
        self.assertEqual(limited.returncode, 1)
        self.assertIn("cannot write: File too large", limited.stderr)
        self.assertEqual(self.names(), [])

    def start(self, rows):
        self.succeeds("capriccio", "generate", "--out", self.tweets, "--rows", rows)
        return subprocess.Popen([ZEUS, "capriccio", self.tweets, "--out", self.out, "--window", str(rows * 5 // 16)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())

    def wait_for(self, name):
        end = time.monotonic() + 60
        while not (self.out / name).exists():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.001)

    def whole(self):
        """Every final file has all of its rows, and none is cut off."""
        for path in self.out.glob("*_*.json"):
            self.assertEqual(len(lines(path)), 4250 if "train" in path.name else 750, path)

    def test_a_signal_leaves_whole_slices_only(self):
        process = self.start(16_000)
        self.wait_for("2_train.json")
        process.send_signal(signal.SIGTERM)
        _, error = process.communicate(timeout=60)
        if process.returncode != 0:  # It may have been done.
            self.assertEqual((process.returncode, error),
                             (128 + 15, f"zeus: interrupted by signal 15 (Terminated); the slices that are in {self.out} "
                                        "are whole\n"))
        self.assertNotIn("capriccio.tmp", self.names())
        self.whole()

    def test_a_kill_leaves_whole_slices_and_the_next_run_cleans_up(self):
        for name in ("capriccio.tmp", "1_train.json", "3_val.json"):
            with self.subTest(name=name):
                process = self.start(16_000)
                self.wait_for(name)
                process.kill()
                process.communicate(timeout=60)
                self.assertEqual([each for each in self.names() if not each.endswith(("_train.json", "_val.json"))
                                  and each != "capriccio.tmp"], [])
                self.whole()
                self.succeeds("capriccio", self.tweets, "--out", self.out, "--window", 5000, "--force")
                self.assertEqual(len(self.names()), 76)
                self.whole()
                for path in self.out.iterdir():
                    path.unlink()

    def test_memory_does_not_grow_with_the_text(self):
        """Four times as long a text with the same window; both fill the memory that is sorted in."""
        peaks = []
        for rows in (600_000, 2_400_000):
            self.succeeds("capriccio", "generate", "--out", self.tweets, "--rows", rows)
            process = subprocess.Popen([ZEUS, "capriccio", self.tweets, "--out", self.out, "--window", "5000",
                                        "--stride", "40", "--force"], stdout=subprocess.DEVNULL, env=environment())
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            peaks.append(usage.ru_maxrss / 1024)
        print(f"peak memory: {peaks[0]:.0f} and {peaks[1]:.0f} MiB")
        if "sanitizers" not in os.environ.get("ZEUS_BUILD", ""):
            self.assertLess(peaks[1], 1.3 * peaks[0])


class GenerateTest(CapriccioTest):
    def test_the_same_bytes_for_the_same_seed(self):
        made = [self.succeeds("capriccio", "generate", "--out", "-", "--rows", 300, "--seed", seed, text=True,
                              encoding="latin-1") for seed in (1, 1, 2)]
        self.assertEqual(made[0], made[1])
        self.assertNotEqual(made[0], made[2])

    def test_drift_by_number_and_by_date_are_the_same(self):
        by_number, by_date = (self.succeeds("capriccio", "generate", "--out", "-", "--rows", 300, "--drift-day", day,
                                            "--signal-after", 1, encoding="latin-1") for day in ("26", "2009-05-01"))
        self.assertEqual(by_number, by_date)

    def test_flags_that_are_wrong(self):
        make = ("capriccio", "generate", "--out", self.tweets)
        for arguments, message in [
            (("--rows", 1), "--rows: expected at least 2"),
            (("--growth", 0), "--growth: expected a number above 0"),
            (("--drift-day", 82), "--drift-day: expected a day from 2009-04-06 to 2009-06-25, found 2009-06-26"),
            (("--drift-day", "soon"), "--drift-day: expected a day's number from 1 or a day such as"),
            (("--signal-after", 0.1), "give that, too"),
            (("--signal", 2), "--signal"),
            (("--start", "x"), "--start: expected a day such as 2009-05-01"),
        ]:
            with self.subTest(message=message):
                self.fails(2, message, *make, *arguments)
        self.assertFalse(self.tweets.exists())


if __name__ == "__main__":
    unittest.main()
