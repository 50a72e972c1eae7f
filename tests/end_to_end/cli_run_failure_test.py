"""`zeus run` when something is wrong: the job, the command, its result, the flags, the disk."""

import json
import os
import resource
import signal
import subprocess
import sys
import unittest

from run_case import SIZES, RunCase
from zeus_program import ZEUS


class FailureTest(RunCase):
    def fails_with(self, message, *arguments, code=1, **options):
        done = self.run_job(*arguments, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(message, done.stderr)
        return done

    def test_a_command_that_fails(self):
        done = self.fails_with("zeus: rec02+try01: the command ended with exit code 3; the end of ",
                               toy="fail@rec02+try01")
        self.assertTrue(done.stderr.endswith(
            "rec02+try01.train.log:\n    training rec02+try01 at batch size 16, seed 2\n"
            "    CUDA error: out of memory\n"), done.stderr)
        self.assertIn("zeus: what was learned is kept; go on with: zeus run ", done.stderr)
        self.assertEqual(len(self.history()["entries"]), 1)

    def test_json_tells_of_a_failure(self):
        done = self.fails_with("exit code 3", "--json", toy="fail@rec02+try01")
        report = json.loads(done.stdout)
        self.assertIn("rec02+try01: the command ended with exit code 3", report["failure"])
        self.assertEqual(len(report["recurrences"]), 1)

    def test_no_result(self):
        self.fails_with("zeus: rec01+try01: the command ended without a result: there is no ", toy="nothing")

    def test_a_damaged_result(self):
        done = self.fails_with("zeus: rec01+try01: a damaged result: ", toy="damage")
        self.assertIn("rec01+try01+bs32.train.json", done.stderr)
        self.assertIn("\n    training rec01+try01 at batch size 32", done.stderr)

    def test_a_command_that_is_not_there(self):
        job = self.write("job2.toml", self.job.read_text().replace(json.dumps(sys.executable), '"no-such-program"'))
        self.fails_with("zeus: rec01+try01: no-such-program: cannot be run: No such file or directory", job=job)
        self.assertEqual(self.history()["entries"], [])

    def test_a_default_that_does_not_reach_its_target(self):
        job = self.write("job2.toml", self.job.read_text().replace("default_batch_size = 32", "default_batch_size = 128"))
        self.fails_with("the default batch size 128 did not reach the target metric 0.5 of birds/tiny/sgd", job=job)

    def test_job_files_that_cannot_be(self):
        text = self.job.read_text()
        for old, new, message in [
                ("[run]", "walk = 3\n[run]", ":11:1: walk: there is no such key; there are: batch_sizes, command, "),
                ("recurrences = 12", "recurrence = 12", ":12:1: run.recurrence: there is no such key; there are: "),
                (str(SIZES), "[8, 16]", ":8:15: batch_sizes: the default batch size 32 is not among them"),
                ('"{seed}"', '"{lr}"', None),
                ("0.5", '"0.5"', ":4:17: target_metric: expected a number, found a text"),
                ("birds", "b\u00efrds", ":1:13: expected ASCII alone"),
        ]:
            job = self.write("wrong.toml", text.replace(old, new, 1))
            if message is None:
                job = self.write("wrong.toml", text.replace(old, new, 1).replace('"sgd"', '"lamb"'))
                message = ':9:11: command: no rule scales the learning rate of optimizer "lamb": expected sgd, adam'
            with self.subTest(message=message):
                done = self.fails_with(f"zeus: {job}{message}", job=job)
                self.assertEqual(done.stdout, "")
        self.assertFalse((self.folder / "logs").exists())
        self.fails_with("absent.toml: cannot open: No such file", job=self.folder / "absent.toml")

    def test_wrong_usage(self):
        for arguments, message in [
                (("--eta", "2"), "eta"), (("--beta", "0"), "beta"), (("--recurrences", "0"), "expected 1 or more"),
                (("--batch-policy", "x"), 'no batch-size policy is named "x"; there are: pruned-thompson, thompson, default'),
                (("--batch-policy", "grid"), "such policies are for simulation"),
                (("--batch-policy", "oracle"), "such policies are for simulation"),
                (("--timeout", "0"), "--timeout")]:
            with self.subTest(arguments=arguments):
                self.fails_with(message, *arguments, code=2)
        job = self.write("job2.toml", self.job.read_text().replace("recurrences = 12", ""))
        self.fails_with("--recurrences: how many?", job=job, code=2)
        self.assertFalse((self.folder / "logs").exists())

    def test_no_gpu(self):
        hidden = {name: value for name, value in self.emulated.items() if name != "LD_LIBRARY_PATH"}
        if "gpus\": []" not in subprocess.run([ZEUS, "env", "--json"], env=hidden, capture_output=True, text=True,
                                              check=False).stdout:
            self.skipTest("this machine has a GPU")
        done = subprocess.run([ZEUS, "run", self.job], env=hidden, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "zeus: there is no GPU to train on; `zeus env` tells why\n"))

    def test_resuming_another_run(self):
        self.finishes("--quiet", "--recurrences", "3")
        folder = self.log_folder()
        before = (folder / "history.json").read_text()
        for arguments, message in [
                (("--eta", "1"), "the run that is to go on has eta 0.5, and not 1.0"),
                (("--seed", "4"), "has seed 1, and not 4"),
                (("--observer",), "has observer false, and not true"),
                (("--batch-policy", "thompson"), 'has batch_policy "pruned-thompson", and not "thompson"'),
                (("--recurrences", "2"), "has 3 recurrences already, and 2 are wanted")]:
            with self.subTest(arguments=arguments):
                self.fails_with(message, "--resume", folder, *arguments, code=2)
        job = self.write_job("job2.toml", sizes=(16, 32))
        self.fails_with("has batch_sizes [8,16,32,64,128], and not [16,32]", "--resume", folder, job=job, code=2)
        self.fails_with("absent: there is no such folder", "--resume", self.folder / "absent")
        self.assertEqual((folder / "history.json").read_text(), before)
        (folder / "history.json").write_text(before.replace('"rec02+try01"', "7"))
        self.fails_with("history.json.entries[1].job_id: expected a text, found 7", "--resume", folder)

    def test_a_full_disk_loses_nothing_learned(self):
        # A limit on the size of files stands for the disk; every file but the history is smaller than it.
        def small_disk():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (2500, resource.RLIM_INFINITY))

        done = self.fails_with("history.json: cannot write: File too large", "--quiet", preexec_fn=small_disk)
        self.assertIn("zeus: what was learned is kept; go on with: ", done.stderr)
        learned = self.history()["entries"]
        self.assertGreater(len(learned), 1)
        self.finishes("--quiet", "--resume", self.log_folder())
        whole = self.whole_history()
        self.assertEqual(self.history(), whole)
        self.assertEqual(whole["entries"][:len(learned)], learned)

    @unittest.skipUnless(os.geteuid() == 0, "only root can mount a file system")
    def test_a_full_file_system(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True,
                          check=False).returncode != 0:
            self.skipTest("a file system cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", disk], check=True)
        done = self.run_job("--quiet", "--recurrences", "100", logs="disk")
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left on device", done.stderr)
        learned = self.history(self.log_folder("disk"))["entries"]
        self.assertGreater(len(learned), 1)
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        self.finishes("--quiet", "--recurrences", "100", "--resume", self.log_folder("disk"))
        self.assertEqual(self.history(self.log_folder("disk"))["entries"][:len(learned)], learned)


if __name__ == "__main__":
    unittest.main()
