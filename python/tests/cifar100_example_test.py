"""examples/cifar100: networks on CIFAR-100's files, alone, by `zeus run` and by ZeusMaster."""

from __future__ import annotations

import json
import os
import pathlib
import pickle
import unittest

from example_case import ExampleCase, needs

needs("torch", "numpy")

import numpy as np  # noqa: E402

SMALL = "--train 512 --test 128"


class Cifar100ExampleTest(ExampleCase):
    example = "cifar100"

    def setUp(self) -> None:
        super().setUp()
        self.logs = self.folder / "logs"
        self.variables = {"ZEUS_TARGET_METRIC": "0.9", "ZEUS_LOG_DIR": str(self.logs), "ZEUS_JOB_ID": "job",
                          "ZEUS_PROFILE_PARAMS": "1,2"}

    def make_pictures(self) -> None:
        self.bash(f"../libtorch/make_cifar100.py data {SMALL}")

    def result(self, batch_size: int) -> dict[str, float]:
        result: dict[str, float] = json.loads((self.logs / f"job+bs{batch_size}.train.json").read_text())
        # An awake card draws 34 W, and no limit lets it draw more than 250.
        self.assertTrue(34 * result["time"] < result["energy"] < 260 * result["time"], result)
        return result

    def write_python_version(self, folder: pathlib.Path) -> None:
        """The set of the folder data, as the Python version has it."""
        folder.mkdir(parents=True)
        for part in ("train", "test"):
            records = np.fromfile(self.folder / "data" / f"{part}.bin", dtype=np.uint8).reshape(-1, 3074)
            content = {"filenames": [], "batch_label": part, "fine_labels": records[:, 1].tolist(),
                       "coarse_labels": records[:, 0].tolist(), "data": records[:, 2:].copy()}
            (folder / part).write_bytes(pickle.dumps(content, protocol=2))

    def test_both_versions_of_the_files_train_the_same(self) -> None:
        self.make_pictures()
        binary = self.emulated("./train.py --data data --batch-size 32 --epochs 12", **self.variables)
        self.assertRegex(binary, r"(?s)\Aepoch 1: loss .*accuracy (0\.9\d+|1\.0000)\n\Z")
        result = self.result(32)
        self.assertTrue(result["reached"])
        self.assertEqual(result["num_epochs"], len(binary.splitlines()))
        self.assertEqual(len(json.loads((self.logs / "bs32.power.json").read_text())["train_power"]), 7)
        self.write_python_version(self.folder / "downloaded" / "cifar-100-python")
        python = self.emulated("./train.py --data downloaded --batch-size 32 --epochs 12", **self.variables)
        self.assertEqual(python, binary)

    def test_a_network_of_torchvision(self) -> None:
        self.make_pictures()
        output = self.emulated("./train.py --data data --batch-size 64 --epochs 1 --network shufflenet_v2_x0_5 --workers 1",
                               **self.variables | {"ZEUS_TARGET_METRIC": "2"})
        self.assertRegex(output, r"\Aepoch 1: loss [\d.]+, accuracy [\d.]+\n\Z")
        self.assertFalse(self.result(64)["reached"])
        self.assertIn('--network: expected small or a classifier of torchvision such as shufflenet_v2_x0_5, found "small2"',
                      self.bash("./train.py --data data --network small2", wanted=1))

    def test_bad_files(self) -> None:
        self.make_pictures()
        self.assertIn("nowhere: has neither train nor train.bin", self.bash("./train.py --data nowhere", wanted=1))
        bad = self.folder / "bad"
        bad.mkdir()

        class Evil:
            def __reduce__(self) -> tuple[object, tuple[str]]:
                return os.system, ("touch harmed",)

        pictures = np.zeros((3, 3072), dtype=np.uint8)
        for content, message in [
                (pickle.dumps({"data": pictures}), "bad/train: is no file of CIFAR-100's Python version: 'fine_labels'"),
                (b"nonsense", "bad/train: is no file of CIFAR-100's Python version"),
                (pickle.dumps(Evil()), "bad/train: is no file of CIFAR-100's Python version: holds posix.system"),
                (pickle.dumps({"data": pictures[:, 1:], "fine_labels": [0] * 3}), "bad/train: expected rows of 3072 bytes"),
                (pickle.dumps({"data": pictures, "fine_labels": [0, 1]}), "bad/train: expected rows of 3072 bytes"),
                (pickle.dumps({"data": pictures, "fine_labels": [0, 1, 100]}), "bad/train: has a label outside of 0 to 99")]:
            (bad / "train").write_bytes(content)
            self.assertIn(message, self.bash("./train.py --data bad", wanted=1))
        self.assertFalse((self.folder / "harmed").exists())
        (bad / "train").unlink()
        (bad / "train.bin").write_bytes(bytes(3073))
        self.assertIn("bad/train.bin: has 3073 bytes; expected pictures of 3074 bytes each",
                      self.bash("./train.py --data bad", wanted=1))

    def test_the_readme(self) -> None:
        self.follow_readme()
        entries = self.history("runs")
        # Exploration begins at the default and goes down from there.
        self.assertEqual([each["batch_size"] for each in entries][:2], [64, 32])
        # ZeusMaster makes the same runs, from Python.
        results = sorted(path.name for path in (self.folder / "python_runs").glob("*/*.train.json"))
        self.assertEqual(results[0], "rec01+try01+bs64.train.json")
        self.assertIn("rec02+try01+bs32.train.json", results)


if __name__ == "__main__":
    unittest.main()
