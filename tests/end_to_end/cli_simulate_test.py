"""`zeus simulate`: what it prints and writes."""

import itertools
import json
import unittest
import xml.etree.ElementTree

from zeus_program import GOLDEN, HERE, ZeusTest, needs_golden, needs_traces, rows

SQUAD = ("simulate", "--workload", "squad", "--gpu", "v100")


class GoldenTest(ZeusTest):
    @needs_golden
    def test_csv_equals_every_golden_run(self):
        golden = rows((GOLDEN / "single_job.csv").read_text())
        runs = 0
        about = ("gpu", "dataset", "eta", "beta", "seed")
        for key, expected in itertools.groupby(golden, key=lambda row: tuple(row[name] for name in about)):
            gpu, dataset, eta, beta, seed = key
            with self.subTest(**dict(zip(about, key))):
                printed = self.succeeds("simulate", "--gpu", gpu, "--workload", dataset, "--eta", eta, "--beta", beta,
                                        "--seed", seed, "--csv", "-")
                self.assert_same_history(list(expected), rows(printed))
                runs += 1
        self.assertGreater(runs, 100)

    def test_table_looks_as_it_did(self):
        table = self.succeeds("simulate", "--workload", "birds", "--traces", self.small_traces())
        self.assertEqual(table, (HERE / "expected/simulate.txt").read_text())

    def test_table_of_failed_tries_looks_as_it_did(self):
        table = self.succeeds("simulate", "--workload", "birds", "--traces", self.small_traces(), "--batch-policy",
                              "grid", "--eta", "0", "--recurrences", "5")
        self.assertEqual(table, (HERE / "expected/simulate_failed_tries.txt").read_text())

    def test_table_of_a_failure_looks_as_it_did(self):
        self.fails(1, "the default batch size 32 did not reach the target metric 0.75 of birds/tiny/sgd within 20",
                   "simulate", "--workload", "birds", "--traces", self.small_traces(), "--target-metric", "0.75",
                   "--b0", "32", output=(HERE / "expected/simulate_failure.txt").read_text())


@needs_traces
class OutputTest(ZeusTest):
    def test_csv_file_is_what_dash_prints_and_the_table_stays(self):
        file = self.folder / "history.csv"
        table = self.succeeds(*SQUAD, "--csv", file)
        self.assertEqual(file.read_text(), self.succeeds(*SQUAD, "--csv", "-"))
        self.assertEqual(table, self.succeeds(*SQUAD))

    def test_json(self):
        document = json.loads(self.succeeds(*SQUAD, "--eta", "0.25", "--beta", "3", "--seed", "5", "--json"))
        self.assertEqual(list(document), ["job", "gpu", "max_power_W", "eta", "beta", "seed", "window",
                                          "concurrency", "batch_policy", "power_policy", "recurrences", "summary",
                                          "failure"])
        self.assertEqual(document["job"], {"dataset": "squad", "network": "bert_base_uncased", "optimizer": "adamw",
                                           "target_metric": 84.0, "max_epochs": 6, "default_batch_size": 32})
        self.assertEqual([document[name] for name in ("gpu", "max_power_W", "eta", "beta", "seed", "window",
                                                      "concurrency", "batch_policy", "power_policy", "failure")],
                         ["v100", 250.0, 0.25, 3.0, 5, 0, False, "pruned-thompson", "jit", None])
        self.assertEqual(set(document["recurrences"][0]),
                         {"rec", "tries", "bs", "pl", "energy_J", "time_s", "cost_J", "reached"})
        self.assertEqual([each["rec"] for each in document["recurrences"]],
                         list(range(document["summary"]["recurrences"])))
        self.assertEqual(set(document["summary"]), {
            "recurrences", "energy_J", "time_s", "cost_J", "regret_oracle_recurrences", "energy_saved", "time_saved",
            "energy_saved_last_five", "time_saved_last_five", "cost_last_five_oracle_recurrences", "found", "default",
            "oracle"})

    def test_json_adds_the_tries_of_the_csv_up(self):
        document = json.loads(self.succeeds(*SQUAD, "--json"))
        history = rows(self.succeeds(*SQUAD, "--csv", "-"))
        for each in document["recurrences"]:
            tries = [row for row in history if int(row["rec"]) == each["rec"]]
            self.assertEqual(each["tries"], len(tries))
            self.assertEqual((each["bs"], each["pl"]), (int(tries[-1]["bs"]), float(tries[-1]["pl"])))
            self.assertAlmostEqual(each["energy_J"] / sum(float(row["energy_J"]) for row in tries), 1, places=12)
            cost = sum(0.5 * float(row["energy_J"]) + 0.5 * 250 * float(row["time_s"]) for row in tries)
            self.assertAlmostEqual(each["cost_J"] / cost, 1, places=12)

    def test_infinite_beta_is_text_in_json(self):
        document = json.loads(self.succeeds(*SQUAD, "--beta", "inf", "--recurrences", "2", "--json"),
                              parse_constant=self.fail)
        self.assertEqual(document["beta"], "inf")

    def test_plot_is_well_formed(self):
        file = self.folder / "cost.svg"
        self.succeeds(*SQUAD, "--plot", file)
        root = xml.etree.ElementTree.parse(file).getroot()
        self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
        recurrences = json.loads(self.succeeds(*SQUAD, "--json"))["summary"]["recurrences"]
        bars = root.findall(".//{http://www.w3.org/2000/svg}rect[{http://www.w3.org/2000/svg}title]")
        self.assertEqual(len(bars), recurrences)

    def test_plot_of_names_that_xml_reserves_is_well_formed(self):
        named = [content.replace("birds", "a<b>&c") for content in
                 ((self.small_traces() / name).read_text() for name in
                  ("summary_train.csv", "summary_power_desk.csv", "workloads.csv"))]
        file = self.folder / "cost.svg"
        self.succeeds("simulate", "--workload", "a<b>&c", "--traces", self.small_traces(*named), "--plot", file)
        self.assertIn("a<b>&c", "".join(xml.etree.ElementTree.parse(file).getroot().itertext()))


@needs_traces
class FlagTest(ZeusTest):
    def history(self, *arguments):
        return self.succeeds(*arguments, "--csv", "-")

    def test_recurrences(self):
        five = rows(self.history(*SQUAD, "--recurrences", "5"))
        self.assertEqual(sorted({int(row["rec"]) for row in five}), [0, 1, 2, 3, 4])
        longer = rows(self.history(*SQUAD, "--recurrences", "9"))
        self.assertEqual(longer[:len(five)], five)

    def test_leading_zeros_are_decimal(self):
        self.assertEqual(self.history(*SQUAD, "--seed", "010", "--recurrences", "012"),
                         self.history(*SQUAD, "--seed", "10", "--recurrences", "12"))

    def test_default_batch_size(self):
        self.assertEqual(rows(self.history(*SQUAD, "--b0", "16"))[0]["bs"], "16")

    def test_target_metric(self):
        lower = rows(self.history(*SQUAD, "--target-metric", "83", "--recurrences", "1"))
        usual = rows(self.history(*SQUAD, "--recurrences", "1"))
        self.assertEqual(lower[0]["bs"], usual[0]["bs"])
        self.assertLess(float(lower[0]["energy_J"]), float(usual[0]["energy_J"]))

    def test_a_described_job_equals_the_named_one(self):
        described = self.history("simulate", "--dataset", "squad", "--network", "bert_base_uncased", "--optimizer",
                                 "adamw", "--target-metric", "84", "--max-epochs", "6", "--b0", "32", "--gpu", "v100")
        self.assertEqual(described, self.history(*SQUAD))

    def test_the_trace_folder_may_come_from_the_environment(self):
        small = self.small_traces()
        self.assertEqual(self.succeeds("simulate", "--workload", "birds", env={"ZEUS_TRACES": str(small)}),
                         self.succeeds("simulate", "--workload", "birds", "--traces", small))

    def test_fixed_policies_keep_to_one_choice(self):
        history = rows(self.history(*SQUAD, "--batch-policy", "default", "--power-policy", "max"))
        self.assertEqual({(row["bs"], row["pl"]) for row in history}, {("32", "250")})

    def test_the_grid_visits_every_pair(self):
        history = rows(self.history("simulate", "--workload", "birds", "--traces", self.small_traces(),
                                    "--batch-policy", "grid", "--beta", "inf", "--recurrences", "6"))
        self.assertEqual([(row["bs"], row["pl"]) for row in history],
                         [(size, limit) for size in ("16", "8", "32") for limit in ("200", "100")])

    def test_the_oracle_does_not_learn(self):
        history = rows(self.history(*SQUAD, "--batch-policy", "oracle"))
        best = json.loads(self.succeeds(*SQUAD, "--json"))["summary"]["oracle"]
        self.assertEqual({int(row["bs"]) for row in history}, {best["batch_size"]})


@needs_traces
class SavedStateTest(ZeusTest):
    def check(self, *more):
        whole = self.succeeds(*SQUAD, "--recurrences", "40", *more, "--csv", "-")
        for cut in (1, 2, 3, 7, 13, 20, 39, 40):
            with self.subTest(cut=cut):
                state = self.folder / "state.json"
                self.succeeds(*SQUAD, "--recurrences", cut, *more, "--save-state", state)
                continued = self.succeeds(*SQUAD, "--recurrences", "40", *more, "--load-state", state, "--csv", "-")
                self.assertEqual(continued, whole)

    def test_continues_as_if_it_had_never_stopped(self):
        self.check()

    def test_continues_without_early_stopping_and_with_a_window(self):
        self.check("--beta", "inf", "--window", "5", "--seed", "18446744073709551615")

    def test_continues_every_policy(self):
        for policy in ("thompson", "default", "grid", "oracle"):
            with self.subTest(policy=policy):
                self.check("--batch-policy", policy)

    def test_a_state_may_be_replaced_by_the_run_that_loads_it(self):
        state = self.folder / "state.json"
        for recurrences in (10, 20, 30):
            load = ("--load-state", state) if state.exists() else ()
            printed = self.succeeds(*SQUAD, "--recurrences", recurrences, *load, "--save-state", state, "--csv", "-")
        self.assertEqual(printed, self.succeeds(*SQUAD, "--recurrences", "30", "--csv", "-"))
        self.assertEqual([file.name for file in self.folder.iterdir()], ["state.json"])


if __name__ == "__main__":
    unittest.main()
