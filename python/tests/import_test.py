"""What `import zeus` costs and loads."""

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


if __name__ == "__main__":
    unittest.main()
