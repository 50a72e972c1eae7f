"""`zeus simulate-cluster`: what it prints and writes."""

import json
import unittest

from zeus_program import GOLDEN, GROUPS_HEADER, ZeusTest, needs_golden, rows

SMALL_GROUPS = GROUPS_HEADER + "".join(
    f"{group},{start},{end},birds,{ratio}\n" for group, start, end, ratio in [
        ("one", 0, 100, 1), ("one", 50, 160, 1.5), ("one", 200, 300, 0.5),
        ("two", 0, 100, 1), ("two", 100, 200, 1), ("two", 300, 400, 2)])


@needs_golden
class GoldenTest(ZeusTest):
    def test_csv_and_xz_equal_the_golden_histories(self):
        golden = rows((GOLDEN / "cluster_golden.csv").read_text())
        gpus = sorted({row["gpu"] for row in golden})
        self.assertEqual(gpus, ["a40", "v100"])
        for gpu in gpus:
            for groups in ("cluster_groups.csv", "cluster_groups.csv.xz"):
                with self.subTest(gpu=gpu, groups=groups):
                    printed = self.succeeds("simulate-cluster", "--groups", GOLDEN / groups, "--gpu", gpu, "--eta",
                                            "0.5", "--beta", "2", "--csv", "-")
                    self.assert_same_history([row for row in golden if row["gpu"] == gpu], rows(printed))

    def test_the_same_bytes_for_any_number_of_threads(self):
        for form in (("--csv", "-"), ("--json",), ()):
            outputs = {self.succeeds("simulate-cluster", "--groups", GOLDEN / "cluster_groups.csv", "--gpu", "v100",
                                     "--threads", threads, *form) for threads in (1, 2, 8)}
            self.assertEqual(len(outputs), 1, form)

    def test_totals_are_those_of_the_history(self):
        file = self.folder / "history.csv"
        totals = json.loads(self.succeeds("simulate-cluster", "--groups", GOLDEN / "cluster_groups.csv", "--gpu",
                                          "v100", "--json", "--csv", file))
        self.assertEqual(list(totals), ["gpu", "eta", "beta", "batch_policy", "power_policy", "datasets"])
        history = rows(file.read_text())
        groups = rows((GOLDEN / "cluster_groups.csv").read_text())
        self.assertEqual([each["dataset"] for each in totals["datasets"]], sorted({row["dataset"] for row in groups}))
        for each in totals["datasets"]:
            name = each["dataset"]
            energy = sum(float(row["energy_J"]) for row in history if row["dataset"] == name)
            self.assertAlmostEqual(each["energy_J"] / energy, 1, places=9)
            self.assertEqual(each["submissions"], sum(row["dataset"] == name for row in groups))
            self.assertEqual(each["groups"], len({row["group"] for row in groups if row["dataset"] == name}))
            self.assertEqual(each["failed_groups"], 0)
            self.assertGreater(each["default_energy_J"], 0)


class SmallClusterTest(ZeusTest):
    def cluster(self, groups, traces, *more):
        return ("simulate-cluster", "--groups", self.write("groups.csv", groups), "--traces", traces, *more)

    def test_rows_need_no_order(self):
        traces = self.small_traces()
        header, *lines = SMALL_GROUPS.splitlines(keepends=True)
        sorted_rows = self.succeeds(*self.cluster(SMALL_GROUPS, traces, "--csv", "-"))
        mixed_rows = self.succeeds(*self.cluster(header + "".join(reversed(lines)), traces, "--csv", "-"))
        self.assertEqual(mixed_rows, sorted_rows)

    def test_a_data_set_without_a_workload(self):
        file = self.folder / "history.csv"
        groups = SMALL_GROUPS + "three,0,1,fish,1\n"
        self.fails(1, "groups.csv: group three: no workload of these traces is named \"fish\"; there are: birds",
                   *self.cluster(groups, self.small_traces(), "--csv", file))
        self.assertFalse(file.exists())

    def test_groups_that_cannot_reach_their_target_leave_the_others_results(self):
        train = self.small_traces() / "summary_train.csv"
        fish = "".join(f"fish,tiny,{size},sgd,0.1,1,0.5,\n" for size in (8, 16))
        power = self.small_traces() / "summary_power_desk.csv"
        fish_power = "".join(f"fish,tiny,{size},sgd,100,10,50\n" for size in (8, 16))
        workloads = self.small_traces() / "workloads.csv"
        traces = self.small_traces(train.read_text() + fish, power.read_text() + fish_power,
                                   workloads.read_text() + "fish,tiny,sgd,0.5,20,16,0.1\n")
        groups = SMALL_GROUPS + "lost,0,1,fish,1\n"
        alone = self.succeeds(*self.cluster(SMALL_GROUPS, traces, "--csv", "-"))
        failed = self.fails(1, "1 of 3 groups failed; the first: group lost",
                            *self.cluster(groups, traces, "--csv", "-"), output=alone)
        self.assertIn("no batch size of fish/tiny/sgd reached the target metric 0.5", failed.stderr)
        totals = json.loads(self.fails(1, "group lost", *self.cluster(groups, traces, "--json"), output=None).stdout)
        self.assertEqual([(each["dataset"], each["failed_groups"]) for each in totals["datasets"]],
                         [("birds", 0), ("fish", 1)])

    def test_table_has_a_line_for_all(self):
        lines = self.succeeds(*self.cluster(SMALL_GROUPS, self.small_traces())).splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["data", lines[1].split()[0], "birds", "all"])
        self.assertEqual(lines[2].split()[1:], lines[3].split()[1:])


if __name__ == "__main__":
    unittest.main()
