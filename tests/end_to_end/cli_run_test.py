"""`zeus run`: recurrences of a real process, as the policies decide them and as people see them."""

import errno
import json
import os
import pty
import re
import unittest
import xml.etree.ElementTree

import toy_training
from run_case import SIZES, RunCase
from zeus_program import POWER_HEADER, TRAIN_HEADER, rows


class DecisionsTest(RunCase):
    def traces(self):
        train = TRAIN_HEADER + "".join(f"birds,tiny,{size},sgd,0.1,1,0.5,{target or ''}\n"
                                       for size, (target, _) in toy_training.WORLD.items())
        power = POWER_HEADER + "".join(f"birds,tiny,{size},sgd,{limit},{seconds},{watts}\n"
                                       for size, (_, limits) in toy_training.WORLD.items()
                                       for limit, (seconds, watts) in limits.items())
        return self.small_traces(train=train, power=power, workloads=None)

    def simulate(self, *arguments):
        return rows(self.succeeds(
            "simulate", "--traces", self.traces(), "--dataset", "birds", "--network", "tiny", "--optimizer", "sgd",
            "--target-metric", "0.5", "--max-epochs", toy_training.MAX_EPOCHS, "--b0", "32", "--csv", "-", *arguments))

    def test_the_simulator_decides_the_same(self):
        tried = set()
        for i, flags in enumerate([("--recurrences", 20), ("--recurrences", 16, "--eta", 1, "--beta", "inf"),
                                   ("--recurrences", 16, "--eta", 0, "--seed", 7),
                                   ("--recurrences", 16, "--beta", 1.2, "--seed", 3, "--window", 2),
                                   ("--recurrences", 12, "--batch-policy", "thompson"),
                                   ("--recurrences", 4, "--batch-policy", "default")]):
            with self.subTest(flags=flags):
                flags = tuple(map(str, flags))
                expected = self.simulate(*flags)
                self.finishes("--quiet", *flags, logs=f"logs{i}")
                entries = [each for each in self.history(self.log_folder(f"logs{i}"))["entries"] if each["num_epochs"]]
                self.assertEqual(
                    [(int(row["rec"]), int(row["try"]), int(row["bs"]), float(row["pl"]), row["reached"] == "1")
                     for row in expected],
                    [(each["recurrence"], each["try"], each["batch_size"], each["power_limit_W"], each["reached"])
                     for each in entries])
                for row, entry in zip(expected, entries):
                    for name in ("energy_J", "time_s"):
                        self.assertLessEqual(abs(entry[name] - float(row[name])), 1e-9 * float(row[name]))
                tried |= {(each["batch_size"], each["reached"]) for each in entries}
        # It was worth the comparison: something failed, and something was found.
        self.assertTrue({(128, False), (32, True), (16, True)} <= tried, tried)

    def test_the_table_at_the_end(self):
        done = self.finishes("--recurrences", "8")
        self.assertIn("training rec01+try01 at batch size 32, seed 1\ndone\n", done.stdout)
        table = done.stdout[done.stdout.index("birds (tiny, sgd) to 0.5"):]
        self.assertRegex(table, r"\n +1 +1 +32 +\d+ W .* yes\n")
        self.assertRegex(table, r"\nFound: batch size \d+ at \d+ W(, after \d+ of 8|; not settled within 8) recurrences\n")
        self.assertRegex(table, r"\nyour default, first time +32 .* \+0\.0% +\+0\.0%\n")
        self.assertIn(f"\nLogs and history: {self.log_folder()}\n", table)
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        self.assertEqual((self.log_folder() / "rec01+try01.train.log").read_text(),
                         "training rec01+try01 at batch size 32, seed 1\ndone\n")

    def test_json(self):
        done = self.finishes("--json", "--recurrences", "6")
        report = json.loads(done.stdout)  # The training's own output is on standard error.
        self.assertIn("training rec01+try01", done.stderr)
        self.assertEqual([each["rec"] for each in report["recurrences"]], list(range(6)))
        self.assertEqual((report["max_power_W"], report["job"]["default_batch_size"], report["failure"]), (250, 32, None))
        self.assertEqual(report["default"]["energy_J"], report["recurrences"][0]["energy_J"])
        self.assertIn(report["found"]["batch_size"], SIZES)
        self.assertEqual(report["log_dir"], str(self.log_folder()))

    def test_plot(self):
        picture = self.folder / "cost.svg"
        done = self.finishes("--plot", picture, "--json", "--quiet", "--recurrences", "8")
        report = json.loads(done.stdout)
        root = xml.etree.ElementTree.parse(picture).getroot()
        svg = "{http://www.w3.org/2000/svg}"
        bars = [bar.find(f"{svg}title").text for bar in root.findall(f".//{svg}rect[{svg}title]")]
        self.assertEqual([re.match(r"recurrence (\d+): batch size (\d+) at (\d+) W", bar).groups() for bar in bars],
                         [(str(each["rec"] + 1), str(each["bs"]), f"{each['pl']:g}") for each in report["recurrences"]])
        texts = [text.text for text in root.iter(f"{svg}text")]
        for name in ("default", "found"):
            self.assertIn(f"{name}: {report[name]['batch_size']} at {report[name]['power_limit_W']:g} W", texts)

    def test_a_failed_run_is_drawn_as_far_as_it_came(self):
        picture = self.folder / "cost.svg"
        done = self.run_job("--plot", picture, "--quiet", toy="fail@rec02+try01")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"--plot {picture}", done.stderr)
        self.assertEqual(picture.read_text().count("recurrence 1: batch size 32"), 1)
        self.assertNotIn("recurrence 2:", picture.read_text())

    def test_a_picture_that_cannot_be_written(self):
        done = self.run_job("--plot", self.folder / "no" / "cost.svg", "--quiet", "--recurrences", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no/cost.svg: cannot ", done.stderr)
        self.assertEqual(len(self.history()["entries"]), 1)

    def test_quiet(self):
        done = self.finishes("--quiet", "--recurrences", "2")
        self.assertNotIn("training rec01", done.stdout + done.stderr)

    def test_observer_mode_trains_at_the_maximum(self):
        self.finishes("--observer", "--recurrences", "3", "--quiet")
        history = self.history()
        self.assertEqual({each["power_limit_W"] for each in history["entries"]}, {250})
        self.assertTrue(history["observer"])
        self.assertEqual([each["power_limit_W"] for each in history["entries"][0]["profile"]], [250, 150, 100])

    def test_every_try_gets_a_seed_of_its_own(self):
        self.finishes("--seed", "40", "--recurrences", "3", "--quiet")
        logs = sorted(self.log_folder().glob("*.train.log"))
        self.assertEqual([int(re.search(r"seed (\d+)", log.read_text())[1]) for log in logs],
                         list(range(40, 40 + len(logs))))

    def test_the_job_file_says_how_to_run_unless_flags_do(self):
        job = self.write_job(run='eta = 1\nbeta = 3\nseed = 9\nwindow = 4\nobserver = true\nprofile = [1, 2]')
        self.finishes("--quiet", "--recurrences", "1", "--beta", "inf", job=job)
        history = self.history()
        self.assertEqual([history[name] for name in ("eta", "beta", "seed", "window", "observer", "profile",
                                                     "recurrences")], [1, "inf", 9, 4, True, [1, 2], 1])
        self.assertIn("birds+tiny+bs32+sgd+lr0.1+tm0.5+me20+x1+eta1.0+betainf+20", self.log_folder().name)

    # What ends a script that does not catch the session's exception.
    def test_a_try_that_its_cost_bound_stopped_may_fail(self):
        self.finishes("--quiet", "--beta", "1.2", toy="raise")
        self.assertIn(False, [each["reached"] for each in self.history()["entries"]])


class ProgressTest(RunCase):
    def on_terminal(self, *arguments):
        """What the terminal shows that standard error is."""
        ours, theirs = pty.openpty()
        process = self.start("--recurrences", "2", *arguments, stderr=theirs)
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError as error:
            self.assertEqual(error.errno, errno.EIO)  # How a terminal that nobody else has open tells its end.
        os.close(ours)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        return text.decode().replace("\r\n", "\n")

    def test_a_line_a_try_beside_the_output(self):
        text = self.on_terminal()
        self.assertIn("zeus run: recurrence 1 of 2, try 1: batch size 32, profiling power limits\n", text)
        self.assertIn("zeus run: recurrence 2 of 2, try 1: batch size 16, profiling power limits\n", text)

    def test_one_line_that_is_gone_at_the_end_without_it(self):
        text = self.on_terminal("--quiet")
        self.assertIn("\r\x1b[Kzeus run: recurrence 2 of 2, try 1: ", text)
        self.assertTrue(text.endswith("\r\x1b[K"), text)
        self.assertNotIn("\n", text)


class DryRunTest(RunCase):
    def test_tells_how_and_touches_nothing(self):
        before = sorted(self.folder.iterdir())
        done = self.finishes("--dry-run", "--eta", "0.25")
        self.assertEqual(sorted(self.folder.iterdir()), before)
        self.assertIn(f"\n# Log folder: {self.folder}/logs/birds+tiny+bs32+sgd+lr0.1+tm0.5+me20+x12+eta0.25+beta2.0+20",
                      done.stdout)
        for line in ("export ZEUS_JOB_ID=rec01+try01", "export ZEUS_COST_THRESH=inf", "export ZEUS_ETA_KNOB=0.25",
                     "export ZEUS_PROFILE_PARAMS=10,40", "export ZEUS_USE_OPTIMAL_PL=true",
                     "export ZEUS_TARGET_METRIC=0.5", f"cd {self.folder}"):
            self.assertIn(f"\n{line}\n", done.stdout)
        self.assertTrue(done.stdout.endswith("toy_training.py 32 1\n"), done.stdout)
        self.assertEqual(self.pids(), [])

    def test_needs_no_gpu(self):
        self.succeeds("run", self.job, "--dry-run")


if __name__ == "__main__":
    unittest.main()
