"""What `import zeus` costs and loads."""

import os
import subprocess
import sys
import unittest


class ImportTest(unittest.TestCase):
    def test_it_needs_no_framework_and_no_gpu_library(self) -> None:
        seen = subprocess.run(
            [sys.executable, "-c", "import sys, zeus; print(zeus.__version__, *sys.modules)"],
            check=True, capture_output=True, text=True).stdout.split()
        self.assertRegex(seen[0], r"^\d+\.\d+\.\d+$")
        self.assertTrue({"torch", "numpy", "pandas", "pynvml", "transformers"}.isdisjoint(seen))

    @unittest.skipIf(os.environ.get("ZEUS_SANITIZE"), "sanitizers have memory of their own")
    def test_it_stays_small(self) -> None:
        peak = subprocess.run(
            [sys.executable, "-c", "import zeus.monitor, zeus.device\n"
             "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"],
            check=True, capture_output=True, text=True).stdout
        self.assertLess(int(peak) / 1024, 30)


if __name__ == "__main__":
    unittest.main()
