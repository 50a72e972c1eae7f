"""examples/capriccio: one recurrence for each slice, and a best batch size that changes half-way."""

from __future__ import annotations

import unittest

from example_case import ExampleCase, needs

needs("torch")

HALF = 12  # The recurrence, from 0, whose slice is the first of the second half.


class CapriccioExampleTest(ExampleCase):
    example = "capriccio"

    def bad_slice(self, train: str | None, val: str = '{"label": 0, "text": "a"}\n') -> str:
        slices = self.folder / "bad"
        slices.mkdir(exist_ok=True)
        if train is not None:
            (slices / "1_train.json").write_text(train)
            (slices / "1_val.json").write_text(val)
        return self.bash("./train.py --data bad --slice 1", wanted=1)

    def test_the_policy_with_a_window_follows_the_drift_and_the_one_without_lags(self) -> None:
        self.follow_readme()
        cost: dict[str, float] = {}
        large: dict[str, int] = {}
        for logs in ("with_window", "without_window"):
            entries = self.history(logs)
            self.assertEqual({each["recurrence"] for each in entries}, set(range(24)))
            self.assertEqual({each["recurrence"] for each in entries if each["reached"]}, set(range(24)))
            # Half-way, both have found out that large batches are cheapest: plain texts take few steps.
            before = [each["batch_size"] for each in entries if HALF - 3 <= each["recurrence"] < HALF]  # type: ignore[operator]
            self.assertEqual(before, [512] * 3)
            after = [each for each in entries if each["recurrence"] >= HALF]  # type: ignore[operator]
            # Nothing else than the texts made that dearer: negation takes many steps, and large batches make few.
            epochs = {size: [each["num_epochs"] for each in after if each["batch_size"] == size] for size in (32, 512)}
            self.assertGreater(min(epochs[512]), 4)  # type: ignore[type-var, operator]
            self.assertTrue(set(epochs[32]) <= {1, 2}, epochs)
            # With eta 0.5 and a card of 250 W.
            cost[logs] = sum(0.5 * each["energy_J"] + 125 * each["time_s"] for each in after)  # type: ignore[operator]
            large[logs] = len({each["recurrence"] for each in after if each["batch_size"] == 512})
            print(logs, [each["batch_size"] for each in after])
        print(f"second half, with a window: {cost['with_window']:.0f} J of cost, {large['with_window']} recurrences at 512; "
              f"without: {cost['without_window']:.0f} J, {large['without_window']}")
        self.assertLess(large["with_window"], HALF // 2)
        self.assertGreaterEqual(large["without_window"], large["with_window"] + 2)
        self.assertLess(cost["with_window"], 0.95 * cost["without_window"])

    def test_the_corpus_is_the_same_for_the_same_seed(self) -> None:
        self.bash("./make_corpus.py a --days 4 --texts 50; ./make_corpus.py b --days 4 --texts 50; cmp a b")
        self.bash("./make_corpus.py c --days 4 --texts 50 --seed 2; ! cmp -s a c")
        rows = (self.folder / "a").read_text().splitlines()
        self.assertEqual(len(rows), 200)
        self.assertNotIn('"not ', "".join(rows[:100]))
        self.assertIn('"not ', "".join(rows[100:]))
        self.assertIn("expected 2 days or more", self.bash("./make_corpus.py d --days 1", wanted=2))

    def test_bad_slices(self) -> None:
        good = '{"label": 0, "text": "a"}\n{"label": 4, "text": "b"}\n'
        self.assertIn("bad/1_train.json: cannot be read (No such file or directory); expected a slice made by zeus "
                      "capriccio", self.bad_slice(None))
        self.assertIn("bad/1_train.json:2: no line of JSON", self.bad_slice('{"label": 0, "text": "a"}\n{"label"\n'))
        self.assertIn("bad/1_train.json:1: expected a JSON object with a label and a text", self.bad_slice("[1]\n"))
        self.assertIn("bad/1_train.json: has no line", self.bad_slice(""))
        self.assertIn("bad/1_train.json: expected two labels, found 0", self.bad_slice('{"label": 0, "text": "a"}\n'))
        self.assertIn("bad/1_val.json: the label 7 is not among those of training",
                      self.bad_slice(good, '{"label": 7, "text": "a"}\n'))


if __name__ == "__main__":
    unittest.main()
