"""`zeus env`: what is here, and why something is not."""

import json
import os
import unittest

from zeus_program import ZEUS, ZeusTest, run


class EnvTest(ZeusTest):
    def env(self, *emulate, **variables):
        """The JSON of `zeus env`; on an emulated machine where `emulate` says which."""
        before = ["emulate", *emulate, "--", ZEUS] if emulate else []
        done = run(*before, "env", "--json", env=variables)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def test_every_library_is_usable_or_says_why_not(self):
        libraries = self.env()["libraries"]
        self.assertEqual([library["name"] for library in libraries], ["nvml", "amdsmi", "powercap"])
        for library in libraries:
            self.assertEqual(library["usable"], library["why_not"] is None)

    def test_a_machine_with_gpus(self):
        found = self.env("--gpus", "h100,p100")
        h100, p100 = found["gpus"]
        self.assertEqual(found["libraries"][0]["driver_version"], "550.54.15")
        self.assertEqual(h100["power_limit_range"], {"minimum_w": 200, "maximum_w": 700, "default_w": 700})
        self.assertTrue(h100["capabilities"]["energy_counter"]["can"])
        self.assertFalse(p100["capabilities"]["energy_counter"]["can"])
        self.assertIn("Not Supported", p100["capabilities"]["energy_counter"]["why_not"])
        self.assertIsNone(p100["energy_j"])
        self.assertGreater(h100["power_w"], 0)

    def test_the_table_says_the_same(self):
        done = run("emulate", "--gpus", "v100x2,m40", "--", ZEUS, "env")
        self.assertEqual(done.returncode, 0, done.stderr)
        for text in ("Tesla V100-PCIE-32GB", "250 W (100 to 250, default 250)", "nvidia 0, nvidia 1", "Tesla M40",
                     "NVML locks graphics clocks from Volta on", "may change settings:"):
            self.assertIn(text, done.stdout)
        self.assertNotIn("\x1b", done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 132)

    @unittest.skipUnless(os.geteuid() == 0, "only root can give up its rights")
    def test_without_privileges(self):
        # As another user, and with a state that this user may open.
        script = (f"import os, json, subprocess; os.chown(os.environ['ZEUS_EMULATOR_STATE'], 65534, 65534)\n"
                  f"print(subprocess.run(['{ZEUS}', 'env', '--json'], user=65534, group=65534, extra_groups=[],"
                  f" check=True, capture_output=True, text=True).stdout)")
        done = run("emulate", "--gpus", "v100", "--", "python3", "-c", script)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertFalse(found["may_change_settings"])
        self.assertEqual(found["gpus"][0]["capabilities"]["set_power_limit"],
                         {"can": True, "may": False, "why_not": "this process is neither root nor has CAP_SYS_ADMIN"})

    def test_visibility_variables_that_cannot_be_followed_are_problems(self):
        for value, problem in (("", "it is set, but empty"), ("0,9", "there is no GPU 9"), ("x", "is neither an index"),
                               ("MIG-1", "is a MIG slice")):
            found = self.env("--gpus", "v100x2", CUDA_VISIBLE_DEVICES=value)
            self.assertTrue(any(problem in each for each in found["problems"]), found["problems"])
            self.assertEqual(len(found["gpus"]), 2)
            self.assertEqual(found["variables"]["CUDA_VISIBLE_DEVICES"], value)

    def test_a_library_folder_that_is_none(self):
        found = self.env(AMDSMI_LIB_DIR="/nonexistent")
        self.assertIn("/nonexistent", found["libraries"][1]["why_not"])


if __name__ == "__main__":
    unittest.main()
