"""`zeus sweep`: what it prints and writes."""

import itertools
import json
import unittest

from zeus_program import ZeusTest, needs_traces, rows

SMALL_SWEEP = ("sweep", "--seeds", "1-4", "--policies", "pruned-thompson,thompson,grid,oracle,default/max")


@needs_traces
class PublishedTracesTest(ZeusTest):
    def test_histories_are_those_of_simulate(self):
        histories = rows(self.succeeds("sweep", "--workloads", "squad,librispeech", "--gpus", "v100,a40", "--etas",
                                       "0,0.5", "--betas", "2,inf", "--seeds", "1,3-4", "--histories", "-"))
        about = ("gpu", "dataset", "eta", "beta", "seed")
        runs = 0
        for key, history in itertools.groupby(histories, key=lambda row: tuple(row[name] for name in about)):
            gpu, dataset, eta, beta, seed = key
            alone = self.succeeds("simulate", "--gpu", gpu, "--workload", dataset, "--eta", eta, "--beta", beta,
                                  "--seed", seed, "--csv", "-")
            self.assertEqual(list(history), rows(alone), key)
            runs += 1
        self.assertEqual(runs, 2 * 2 * 2 * 2 * 3)

    def test_the_same_bytes_for_any_number_of_threads(self):
        for form in (("--csv", "-"), ("--histories", "-"), ("--json",), ()):
            outputs = {self.succeeds("sweep", "--workloads", "squad,movielens-1m", "--gpus", "v100", "--seeds", "1-6",
                                     "--threads", threads, *form) for threads in (1, 2, 7)}
            self.assertEqual(len(outputs), 1, form)

    def test_all_takes_every_workload_and_gpu(self):
        table = rows(self.succeeds("sweep", "--seeds", "1", "--recurrences", "2", "--csv", "-"))
        self.assertEqual(len({row["gpu"] for row in table}), 4)
        self.assertEqual(len({row["dataset"] for row in table}), 6)
        self.assertEqual(len(table), 24)

    def test_a_list_of_targets(self):
        table = rows(self.succeeds("sweep", "--workloads", "librispeech", "--gpus", "v100", "--target-metric", "45,40",
                                   "--seeds", "1-2", "--csv", "-"))
        self.assertEqual([float(row["target_metric"]) for row in table], [45, 40])

    def test_the_figures_of_one_run_are_those_of_simulate(self):
        about = ("--gpu", "v100", "--workload", "squad", "--seed", "3")
        summary = json.loads(self.succeeds("simulate", *about, "--json"))["summary"]
        table = rows(self.succeeds("sweep", "--gpus", "v100", "--workloads", "squad", "--seeds", "3", "--csv", "-"))
        for name in ("cost_J", "regret_oracle_recurrences", "cost_last_five_oracle_recurrences", "energy_saved",
                     "time_saved", "energy_saved_last_five", "time_saved_last_five"):
            self.assertAlmostEqual(float(table[0][name]), summary[name], delta=1e-9 * abs(summary[name]))
            self.assertEqual(table[0][name + "_ci95"], "")


class SmallSweepTest(ZeusTest):
    def setUp(self):
        super().setUp()
        self.traces = ("--traces", self.small_traces())

    def test_csv_json_and_table_tell_the_same(self):
        table = rows(self.succeeds(*SMALL_SWEEP, *self.traces, "--csv", "-"))
        cases = json.loads(self.succeeds(*SMALL_SWEEP, *self.traces, "--json"))["cases"]
        self.assertEqual([(row["batch_policy"], row["power_policy"]) for row in table],
                         [("pruned-thompson", "jit"), ("thompson", "jit"), ("grid", "jit"), ("oracle", "jit"),
                          ("default", "max")])
        self.assertEqual(len(table), len(cases))
        for row, case in zip(table, cases):
            self.assertEqual(case.pop("first_failure"), None)
            self.assertEqual(list(row), list(case))
            for name, value in case.items():
                self.assertEqual(row[name] if isinstance(value, str) else float(row[name]), value, name)
        text = self.succeeds(*SMALL_SWEEP, *self.traces)
        self.assertRegex(text, r"(?m)^desk +birds +0.5 +0.5 +2 +default/max +4 +0 ")

    def test_csv_to_a_file_leaves_the_table(self):
        file = self.folder / "sweep.csv"
        text = self.succeeds(*SMALL_SWEEP, *self.traces, "--csv", file)
        self.assertEqual(text, self.succeeds(*SMALL_SWEEP, *self.traces))
        self.assertEqual(file.read_text(), self.succeeds(*SMALL_SWEEP, *self.traces, "--csv", "-"))

    def test_histories_of_several_policies_tell_them_apart(self):
        histories = rows(self.succeeds(*SMALL_SWEEP, *self.traces, "--histories", "-"))
        self.assertEqual({row["policy"] for row in histories},
                         {"pruned-thompson", "thompson", "grid", "oracle", "default"})
        self.assertEqual({(row["policy"], row["power_policy"]) for row in histories if row["power_policy"] == "max"},
                         {("default", "max")})

    def test_all_targets_are_those_that_the_default_always_reaches(self):
        table = rows(self.succeeds("sweep", *self.traces, "--target-metric", "all", "--seeds", "1", "--csv", "-"))
        self.assertEqual([row["target_metric"] for row in table], ["0.5", "0.75"])
        unsure = (self.folder / "small/summary_train.csv").read_text().replace("16,sgd,0.1,2,0.75,10",
                                                                               "16,sgd,0.1,2,0.75,")
        self.write("small/summary_train.csv", unsure)
        table = rows(self.succeeds("sweep", *self.traces, "--target-metric", "all", "--seeds", "1", "--csv", "-"))
        self.assertEqual([row["target_metric"] for row in table], ["0.5"])

    def test_failed_runs_are_counted_and_the_rest_is_a_result(self):
        unsure = (self.folder / "small/summary_train.csv").read_text().replace("16,sgd,0.1,2,0.5,5",
                                                                               "16,sgd,0.1,2,0.5,")
        self.write("small/summary_train.csv", unsure)
        arguments = ("sweep", *self.traces, "--seeds", "1-20", "--policies", "default", "--json")
        failed = self.fails(0, " of 20 runs failed; the first: the default batch size 16 did not reach", *arguments,
                            output=None)
        case = json.loads(failed.stdout)["cases"][0]
        self.assertEqual(case["runs"], 20)
        self.assertIn(f"{case['failed']} of 20 runs failed", failed.stderr)
        self.assertTrue(0 < case["failed"] < 20, case)
        self.assertIn("did not reach", case["first_failure"])
        self.assertGreater(case["cost_J"], 0)

    def test_a_sweep_of_failures_fails(self):
        train = (self.folder / "small/summary_train.csv").read_text()
        never = train.replace("0.75,9\n", "0.75,\n").replace("0.75,10\n", "0.75,\n")
        self.write("small/summary_train.csv", never)
        failed = self.fails(1, "3 of 3 runs failed", "sweep", *self.traces, "--target-metric", "0.75", "--seeds", "1-3",
                            "--json", output=None)
        case = json.loads(failed.stdout)["cases"][0]
        self.assertEqual((case["failed"], case["cost_J"]), (3, None))

    def test_bad_lists(self):
        for flag, value, message in [
            ("--workloads", "birds,,fish", "--workloads: expected names separated by commas"),
            ("--workloads", "fish", "no workload of these traces is named \"fish\"; there are: birds"),
            ("--gpus", "cloud", "no power trace of GPU \"cloud\"; there are: desk"),
            ("--etas", "0.5,x", "--etas: expected a number, found \"x\""),
            ("--etas", "0.5,", "--etas: expected"),
            ("--etas", "0.5,1.1", "the eta knob is 1.1"),
            ("--etas", "-0.5", "the eta knob is -0.5"),
            ("--betas", "2,0", "the beta knob is 0"),
            ("--betas", "nan", "the beta knob is nan"),
            ("--policies", "grid,magic", "no batch-size policy is named \"magic\"; there are: pruned-thompson"),
            ("--policies", "grid/magic", "no power-limit policy is named \"magic\"; there are: jit, max"),
            ("--power-policy", "magic", "no power-limit policy is named \"magic\""),
            ("--seeds", "1,a", "--seeds: expected seeds such as 7 or 1-50"),
            ("--seeds", "5-3", "--seeds: expected seeds"),
            ("--seeds", "-3", "--seeds: expected seeds"),
            ("--seeds", "1-18446744073709551615", "at most a million"),
            ("--target-metric", "0.5,high", "--target-metric: expected a number, found \"high\""),
            ("--target-metric", "0.6", "no target metric 0.6 of birds/tiny/sgd; they hold: 0.5, 0.75"),
            ("--recurrences", "0", "--recurrences: 0: expected 1 or more"),
            ("--recurrences", "many", "--recurrences: expected a whole number, found \"many\""),
            ("--workloads", "", "--workloads: the value is empty"),
        ]:
            with self.subTest(flag=flag, value=value):
                self.fails(2, message, "sweep", *self.traces, flag, value)

    def test_only_one_output_can_have_standard_output(self):
        for flags in (("--json", "--csv", "-"), ("--csv", "-", "--histories", "-"), ("--json", "--histories", "-")):
            self.fails(2, "only one of --json, --csv - and --histories -", "sweep", *self.traces, *flags)


if __name__ == "__main__":
    unittest.main()
