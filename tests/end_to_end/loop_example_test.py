"""examples/loop: a training loop without a framework, on the installed package."""

import json
import subprocess
import unittest

from installed_example import LIMITS, SOURCE, InstalledExampleTest
from zeus_program import environment


class LoopExampleTest(InstalledExampleTest):
    example = "loop"

    def loop(self, *arguments, **options):
        return self.train(self.build / "loop", *arguments, **options)

    def test_it_profiles_reaches_its_target_and_profiles_no_more(self):
        output = self.loop("--batch-size", 256, "--learning-rate", 2, "--seed", 1, target=0.95)
        self.assertIn("the target was reached", output)
        result = self.result(256)
        self.assertTrue(result["reached"])
        self.assertEqual(result["num_epochs"], len(self.epochs(output)))
        profile = self.profile(256)
        self.check_power_logs(256, result["num_epochs"])

        # With the profile there, the same training runs at the best limit from its first batch.
        written = (self.logs / "bs256.power.json").read_bytes()
        again = self.loop("--batch-size", 256, "--learning-rate", 2, "--seed", 1, target=0.95)
        self.assertEqual(self.epochs(again), self.epochs(output))
        self.assertEqual((self.logs / "bs256.power.json").read_bytes(), written)
        second = self.result(256)
        self.assertTrue(second["reached"])
        expected = profile["train_power"][str(profile["optimal_pl"])]
        self.assertAlmostEqual(second["energy"] / second["time"], expected, delta=0.25 * expected)

    def test_a_large_batch_does_not_reach_the_target(self):
        output = self.loop("--batch-size", 1024, "--learning-rate", 8, "--epochs", 8, target=0.95)
        self.assertIn("the target was not reached: 8 epochs", output)
        result = self.result(1024)
        self.assertFalse(result["reached"])
        self.assertEqual(result["num_epochs"], 8)
        self.profile(1024)

    def test_a_run_that_costs_too_much_is_given_up(self):
        output = self.loop("--batch-size", 128, "--learning-rate", 1, target=2, ZEUS_COST_THRESH="400")
        self.assertIn("is given up: another epoch would cost too much", output)
        result = self.result(128)
        self.assertEqual((result["num_epochs"], result["reached"]), (1, False))

    def test_a_termination_puts_the_limit_back(self):
        code, during, after = self.terminate_while_training(self.build / "loop", "--batch-size", 256)
        self.assertEqual(code, 128 + 15)
        self.assertNotEqual(during, after)
        self.assertEqual(after, 230)

    def test_zeus_run_drives_it(self):
        job = self.write("job.toml", (SOURCE / "examples" / "loop" / "job.toml").read_text())
        (self.folder / "build").symlink_to(self.build)
        done = subprocess.run(
            [self.zeus, "emulate", "--config", self.machine, "--", self.zeus, "run", job, "--recurrences", "2", "--quiet",
             "--json", "--log-dir", self.folder / "runs"],
            env=environment(), capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        recurrences = json.loads(done.stdout)["recurrences"]
        # Exploration begins at the default and goes down from there.
        self.assertEqual([(each["bs"], each["reached"]) for each in recurrences], [(512, True), (256, True)])
        for each in recurrences:
            self.assertIn(each["pl"], LIMITS)
            self.assertGreater(each["energy_J"], 34 * each["time_s"])

    def test_bad_input(self):
        for arguments, message in [(["--batch-size", "0"], 'loop: --batch-size: expected a number above 0, found "0"\n'),
                                   (["--epochs", "many"], "loop: --epochs: expected a number above 0"),
                                   (["--speed", "1"], "loop: --speed: no such flag"),
                                   (["--seed"], "loop: --seed: no such flag, or its value is missing"),
                                   (["fast"], "loop: fast: expected a flag")]:
            self.assertIn(message, self.loop(*arguments, wanted=2))
        self.assertIn("ZEUS_TARGET_METRIC is missing", self.loop(wanted=2, ZEUS_TARGET_METRIC=None))
        self.assertIn("smaller batch size", self.loop("--batch-size", 8192, wanted=2))


if __name__ == "__main__":
    unittest.main()
