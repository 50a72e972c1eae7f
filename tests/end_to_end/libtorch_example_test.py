"""examples/libtorch: a LibTorch training loop on CIFAR-100's format, on the installed package."""

import pathlib
import subprocess
import sys
import unittest

from installed_example import SOURCE, InstalledExampleTest

TORCH_HEADER = pathlib.Path("/usr/include/torch/csrc/api/include/torch/torch.h")


@unittest.skipUnless(TORCH_HEADER.exists(), "no LibTorch here: tools/install_dependencies test")
class LibTorchExampleTest(InstalledExampleTest):
    example = "libtorch"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.data = cls.work / "data"
        subprocess.run([sys.executable, SOURCE / "examples/libtorch/make_cifar100.py", cls.data, "--train", "1024",
                        "--test", "256"], check=True)

    def cifar(self, *arguments, **options):
        return self.train(self.build / "train_cifar100", *arguments, **options)

    def test_it_profiles_and_reaches_its_target(self):
        output = self.cifar("--data", self.data, "--batch-size", 32, "--learning-rate", 0.02, target=0.95)
        self.assertIn("the target was reached", output)
        result = self.result(32)
        self.assertTrue(result["reached"])
        self.assertEqual(result["num_epochs"], len(self.epochs(output)))
        self.profile(32)
        self.check_power_logs(32, result["num_epochs"])

        written = (self.logs / "bs32.power.json").read_bytes()
        again = self.cifar("--data", self.data, "--batch-size", 32, "--learning-rate", 0.02, target=0.95)
        self.assertEqual(self.epochs(again), self.epochs(output))
        self.assertEqual((self.logs / "bs32.power.json").read_bytes(), written)

    def test_bad_data(self):
        pictures = (self.data / "test.bin").read_bytes()
        for content, message in [(None, "train.bin: cannot be read; expected a file of CIFAR-100"),
                                 (b"", "train.bin: has 0 bytes; expected pictures of 3074 bytes each"),
                                 (pictures[:-1], "train.bin: has 786943 bytes; expected pictures of 3074 bytes each"),
                                 (pictures[:3074] + b"\x00\x64" + pictures[3076:],
                                  "train.bin: picture 1 has the labels 0 and 100; expected below 20 and below 100")]:
            data = self.folder / "data"
            data.mkdir(exist_ok=True)
            if content is not None:
                (data / "train.bin").write_bytes(content)
            error = self.cifar("--data", data, wanted=1)
            self.assertRegex(error, r"\Atrain_cifar100: [^\n]+\n\Z")
            self.assertIn(message, error)
        self.assertIn("--data is missing", self.cifar(wanted=2))


if __name__ == "__main__":
    unittest.main()
