"""The reference: made from the docstrings, and every public name has one."""

from __future__ import annotations

import importlib
import inspect
import os
import pathlib
import pkgutil
import subprocess
import tempfile
import types
import unittest
from collections.abc import Iterator

import zeus

SOURCE = pathlib.Path(os.environ["ZEUS_SOURCE_FOLDER"])
BUILD = pathlib.Path(os.environ["ZEUS_BUILD_FOLDER"])


def modules() -> Iterator[types.ModuleType]:
    yield zeus
    for found in pkgutil.walk_packages(zeus.__path__, "zeus."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


def undocumented() -> Iterator[str]:
    for module in modules():
        if not module.__doc__:
            yield module.__name__
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if not (inspect.isclass(thing) or inspect.isroutine(thing)):
                continue
            if not inspect.getdoc(thing):
                yield f"{module.__name__}.{name}"
            if not inspect.isclass(thing):
                continue
            for member, value in vars(thing).items():
                if not member.startswith("_") and inspect.isroutine(value) and not inspect.getdoc(getattr(thing, member)):
                    yield f"{module.__name__}.{name}.{member}"


class ReferenceTest(unittest.TestCase):
    def test_every_module_says_what_is_public(self) -> None:
        silent = [module.__name__ for module in modules()
                  if not hasattr(module, "__all__") and not module.__name__.endswith("__main__")]
        self.assertEqual(silent, [])

    def test_every_public_name_has_a_docstring(self) -> None:
        self.assertEqual(list(undocumented()), [])

    def test_it_is_made(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([SOURCE / "tools" / "make_api_reference", "--package", BUILD / "python", folder], check=True,
                           capture_output=True)
            for module in modules():
                if module.__name__.endswith("__main__"):
                    continue
                page = pathlib.Path(folder, *module.__name__.split(".")).with_suffix(".html")
                self.assertTrue(page.is_file(), page)
            self.assertIn("ZeusDataLoader", (pathlib.Path(folder) / "zeus" / "run.html").read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
