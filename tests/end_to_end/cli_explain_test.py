"""`zeus explain`: what a policy believes, of simulated jobs and of real runs."""

import json
import unittest
import xml.etree.ElementTree

from run_case import RunCase
from zeus_program import ZeusTest, needs_traces

LIBRISPEECH = ("explain", "--workload", "librispeech", "--gpu", "v100")


@needs_traces
class SimulatedTest(ZeusTest):
    def explain(self, *arguments):
        return json.loads(self.succeeds(*LIBRISPEECH, "--json", *arguments))

    def test_what_is_believed_comes_to_be_true(self):
        told = self.explain("--batch-policy", "knowledge-gradient", "--recurrences", "60")
        sizes = {size["batch_size"]: size for size in told["batch_sizes"]}
        self.assertEqual(sum(size["reached"] for size in sizes.values()), told["recurrences"])
        self.assertAlmostEqual(sum(size["best_probability"] for size in sizes.values()), 1, places=6)
        for size in sizes.values():
            for name in ("epoch_cost_J", "epochs", "cost_J"):
                self.assertLessEqual(size[name]["low"], size[name]["high"])
        # The incumbent has been run often: what it is believed to cost is what it costs.
        incumbent = next(size for size in sizes.values() if size["verdict"].startswith("incumbent"))
        self.assertGreater(incumbent["runs"], 5)
        self.assertAlmostEqual(incumbent["cost_J"]["mean"] / incumbent["true_cost_J"], 1, delta=0.1)
        self.assertIsNone(incumbent["trial"])
        # What a run costs more than it would teach is not tried.
        others = {batch_size: size for batch_size, size in sizes.items() if size is not incumbent}
        for batch_size, size in others.items():
            self.assertGreaterEqual(size["trial"]["rank_J"], size["trial"]["score_J"])
            worth = size["trial"]["score_J"] > 0
            self.assertEqual("not worth its price" not in size["verdict"], worth, batch_size)
        worthy = {batch_size for batch_size, size in others.items() if size["trial"]["score_J"] > 0}
        self.assertIn(told["next"]["batch_size"], worthy or {incumbent["batch_size"]})
        self.assertEqual([size["batch_size"] for size in sizes.values() if size["verdict"].endswith("next")],
                         [told["next"]["batch_size"]])

    def test_the_next_is_what_the_simulation_tries(self):
        for policy in ("knowledge-gradient", "pruned-thompson", "thompson"):
            for recurrences in (0, 1, 7, 35):
                history = self.succeeds("simulate", *LIBRISPEECH[1:], "--batch-policy", policy, "--recurrences",
                                        str(recurrences + 1), "--csv", "-").splitlines()[1:]
                first_try = next(row.split(",") for row in history if row.split(",")[5:7] == [str(recurrences), "0"])
                told = self.explain("--batch-policy", policy, "--recurrences", str(recurrences))
                self.assertEqual(str(told["next"]["batch_size"]), first_try[7], (policy, recurrences))

    def test_before_any_run_nothing_is_known(self):
        for policy in ("knowledge-gradient", "pruned-thompson"):
            told = self.explain("--batch-policy", policy, "--recurrences", "0")
            self.assertEqual(told["next"]["batch_size"], 192)
            for size in told["batch_sizes"]:
                self.assertEqual((size["runs"], size["cost_J"], size["best_probability"]), (0, None, None))

    def test_pruned_sizes_are_told(self):
        told = self.explain("--recurrences", "60")
        verdicts = {size["batch_size"]: size["verdict"] for size in told["batch_sizes"]}
        self.assertEqual(verdicts[2], "pruned")
        self.assertIn("an arm of the bandit", verdicts[48])

    def test_the_table_and_the_picture(self):
        picture = self.folder / "beliefs.svg"
        text = self.succeeds(*LIBRISPEECH, "--batch-policy", "knowledge-gradient", "--recurrences", "4", "--plot", picture)
        self.assertIn("what knowledge-gradient believes after 4 recurrences", text)
        self.assertIn("\nNext: batch size ", text)
        self.assertEqual(len([line for line in text.splitlines() if line.split()[:1] and line.split()[0].isdigit()]), 15)
        root = xml.etree.ElementTree.parse(picture).getroot()
        space = "{http://www.w3.org/2000/svg}"
        shapes = [each.get("class") for each in root.iter(f"{space}line")]
        self.assertEqual((shapes.count("belief"), shapes.count("truth")), (16, 16))  # And one each in the legend.

    def test_bad_input(self):
        self.fails(2, 'zeus: the policy "grid" has no beliefs', *LIBRISPEECH, "--batch-policy", "grid")
        self.fails(2, "zeus: LOG_DIR: a recorded run has its own job", *LIBRISPEECH, self.folder)
        self.fails(1, f"zeus: {self.folder}/history.json: ", "explain", self.folder)


class RealRunTest(RunCase):
    gpus = "v100x3"

    def test_a_run_is_explained_as_it_goes_on(self):
        for policy in ("pruned-thompson", "knowledge-gradient"):
            self.finishes("--quiet", "--batch-policy", policy, "--recurrences", "5", logs=policy)
            told = json.loads(self.succeeds("explain", self.log_folder(policy), "--json"))
            self.assertEqual((told["batch_policy"], told["recurrences"]), (policy, 5))
            entries = self.history(self.log_folder(policy))["entries"]
            self.assertEqual(sum(size["runs"] for size in told["batch_sizes"]), len(entries))
            # One more recurrence begins with what was foretold.
            self.finishes("--quiet", "--batch-policy", policy, "--recurrences", "6", "--resume", self.log_folder(policy))
            tried = self.history(self.log_folder(policy))["entries"][len(entries)]
            self.assertEqual(tried["bs"] if "bs" in tried else tried["batch_size"], told["next"]["batch_size"])


if __name__ == "__main__":
    unittest.main()
