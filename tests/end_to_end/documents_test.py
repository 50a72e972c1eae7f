#!/usr/bin/env python3
"""Checks that the documents say what is so.

usage: documents_test.py links SOURCE_DIR
       documents_test.py flags SOURCE_DIR ZEUS...
       documents_test.py commands SOURCE_DIR ZEUS [TRACES]

links     every relative link, with its heading if it names one, and every path in code font leads somewhere
flags     every flag that is written about is in some --help of the programs ZEUS...
commands  every line of a console or sh block that starts with `zeus ` ends with exit code 0, in an empty folder with a
          copy of the repository's traces/ in it (without, for documents in traces/, which say how to make it); TRACES is
          the folder of the published traces, and without it the commands that need them are skipped (exit code 77).
          A text block right after such a block shows lines of its last command's output, in order; a picture that a
          command draws under the name of one in docs/images/ is that one
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
LEFT_OUT = {".git", "build", "node_modules"}
# Folders whose paths, where they stand in code font, must exist.
OWN_FOLDERS = ("apps/", "bench/", "cmake/", "docs/", "examples/", "services/", "tests/", "tools/", "traces/", "zeus/")

FENCE = re.compile(r"^(?P<fence>```+|~~~+)\s*(?P<language>\w*)")
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)[^)]*\)|<(?:img|a)\s[^>]*(?:src|href)=\"(?P<html>[^\"]+)\"")
CODE = re.compile(r"(`+)(?P<code>.+?)\1")
PATH = re.compile(r"[a-z_][\w./+-]*")
PLACEHOLDER = re.compile(r"NAME|PRESET|GPU")
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")


class Document:
    """A Markdown file, taken apart into prose lines and fenced blocks, both with line numbers."""

    def __init__(self, root, path):
        self.path = path
        self.name = path.relative_to(root).as_posix()
        self.prose = []  # (line number, text)
        self.blocks = []  # (language, [(line number, text)])
        fence = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = FENCE.match(line)
            if fence is None and match:
                fence = match["fence"]
                self.blocks.append((match["language"], []))
            elif fence is not None and line.strip() == fence:
                fence = None
            elif fence is not None:
                self.blocks[-1][1].append((number, line))
            elif line.startswith("    ") and not line.lstrip().startswith(("-", "*", "1")):
                self.blocks.append(("", [(number, line)]))
            else:
                self.prose.append((number, line))

    def anchors(self):
        """The names by which GitHub's headings can be linked to."""
        anchors = set()
        for _, line in self.prose:
            if not re.match(r"#{1,6} ", line):
                continue
            title = re.sub(r"[`*]", "", line.lstrip("#").strip()).lower()
            anchors.add(re.sub(r"[^\w\- ]", "", title).replace(" ", "-"))
        return anchors

    def at(self, number):
        return f"{self.name}:{number}"


def documents(root):
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        found += [pathlib.Path(folder) / name for name in sorted(files) if name.endswith(".md")]
    return [Document(root, path) for path in found]


def without_code(line):
    return CODE.sub(lambda match: " " * len(match[0]), line)


def link_problems(document, all_documents):
    by_path = {each.path.resolve(): each for each in all_documents}
    for number, line in document.prose:
        # A link's text may be in code font, its target never is.
        for match in LINK.finditer(re.sub(r"`", "", line)):
            target = match["target"] or match["html"]
            if re.match(r"[a-z]+:", target):
                continue
            file, _, heading = target.partition("#")
            path = (document.path.parent / file).resolve() if file else document.path.resolve()
            if not path.exists():
                yield f"{document.at(number)}: the link {target} leads nowhere"
            elif heading and (path not in by_path or heading not in by_path[path].anchors()):
                yield f"{document.at(number)}: the link {target} names a heading that is not there"


def path_problems(root, document):
    for number, line in document.prose:
        for match in CODE.finditer(line):
            code = match["code"].split("#")[0]
            if not code.startswith(OWN_FOLDERS) or not PATH.fullmatch(code) or PLACEHOLDER.search(code):
                continue
            if not (root / code).exists() and not (document.path.parent / code).exists():
                yield f"{document.at(number)}: there is no {code}"


def run_links(root):
    all_documents = documents(root)
    problems = []
    for document in all_documents:
        problems += link_problems(document, all_documents)
        problems += path_problems(root, document)
    return problems


def help_of(zeus, command, known):
    """Adds the flags of a command and its subcommands to `known`."""
    text = subprocess.run([zeus, *command, "--help"], check=True, capture_output=True, text=True).stdout
    known.update(FLAG.findall(text.split("\nExamples:")[0]))
    subcommands = re.search(r"^Subcommands:\n((?: .*\n)+)", text, re.MULTILINE)
    for line in subcommands[1].splitlines() if subcommands else []:
        match = re.match(r"  (\w[\w-]*)", line)
        if match:
            help_of(zeus, [*command, match[1]], known)


def own_flags(text):
    """Flags in a piece of code, unless it is a command line of another program; what follows `--` is one of its own."""
    words = text.strip().removeprefix("$ ").split()
    if "--" in words and not text.strip().startswith("-"):
        position = words.index("--")
        return own_flags(" ".join(words[:position])) + own_flags(" ".join(words[position + 1:]))
    ours = [position for position, word in enumerate(words) if word.split("/")[-1] in ("zeus", "zeusd")]
    if not words or not (words[0].startswith("-") or ours[:1] == [0] or {"zeus", "zeusd"} & set(words)):
        return []
    words = words[ours[0]:] if ours else words
    return FLAG.findall(" ".join(words))


def flag_problems(document, known):
    places = []
    for number, line in document.prose:
        places += [(number, flag) for flag in FLAG.findall(without_code(line))]
        places += [(number, flag) for match in CODE.finditer(line) for flag in own_flags(match["code"])]
    for _, lines in document.blocks:
        places += [(number, flag) for number, command in commands_of(lines) for flag in own_flags(command)]
    for number, flag in places:
        if flag not in known:
            yield f"{document.at(number)}: no --help of the program tells of {flag}"


def run_flags(root, programs):
    known = set()
    for program in programs:
        before = len(known)
        help_of(program, [], known)
        if len(known) < before + 5:
            return [f"{program} --help tells of these flags only: {sorted(known)}"]
    return [problem for document in documents(root) for problem in flag_problems(document, known)]


def commands_of(lines):
    """The block's lines, those that end in a backslash joined with what follows."""
    commands = []
    continues = False
    for number, line in lines:
        text = line.strip().removeprefix("$ ")
        if continues:
            commands[-1] = (commands[-1][0], commands[-1][1] + " " + text.removesuffix("\\"))
        else:
            commands.append((number, text.removesuffix("\\")))
        continues = text.endswith("\\")
    return commands


def needs_published_traces(command):
    words = command.split()
    return words[1] in ("simulate", "simulate-cluster", "sweep") and "--traces" not in words


def first_missing(shown, output):
    """The first of the lines shown that the output does not have after those before it, or None."""
    lines = iter(output.splitlines())
    for line in shown:
        if line.strip() not in ("", "...") and not any(line.rstrip() == each.rstrip() for each in lines):
            return line
    return None


class CommandRunner:
    """Runs the commands of documents, each document's in one folder: later ones may read what earlier ones wrote."""

    def __init__(self, root, zeus, traces):
        self.root = root
        self.traces = traces
        self.environment = {name: value for name, value in os.environ.items() if name != "ZEUS_TRACES"}
        self.environment["PATH"] = os.path.dirname(os.path.abspath(zeus)) + os.pathsep + os.environ.get("PATH", "")
        if traces:
            self.environment["ZEUS_TRACES"] = os.path.abspath(traces)
        self.problems = []
        self.skipped = []
        self.ran = 0

    def run_document(self, document):
        with tempfile.TemporaryDirectory() as folder:
            if not document.name.startswith("traces/"):
                shutil.copytree(self.root / "traces", os.path.join(folder, "traces"))
            output = None
            for language, lines in document.blocks:
                if language == "text" and output is not None:
                    missing = first_missing([line for _, line in lines], output)
                    if missing is not None:
                        self.problems.append(f"{document.at(lines[0][0])}: the command does not print: {missing}")
                output = self.run_block(document, lines, folder) if language in ("console", "sh") else None
            self.compare_pictures(document, pathlib.Path(folder))

    def run_block(self, document, lines, folder):
        """Runs the block's commands; what the last one printed, or None when none ran."""
        output = None
        for number, command in commands_of(lines):
            if not command.startswith("zeus ") or "python" in command.split():
                continue  # What runs a script is documents_python_test's.
            output = None
            if not self.traces and needs_published_traces(command):
                self.skipped.append(f"{document.at(number)}: {command}")
                continue
            self.ran += 1
            result = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, env=self.environment,
                                    capture_output=True, text=True, timeout=120, check=False)
            output = result.stdout
            if result.returncode != 0:
                self.problems.append(
                    f"{document.at(number)}: exit code {result.returncode}: {command}\n{result.stderr.rstrip()}")
        return output

    def compare_pictures(self, document, folder):
        for drawn in folder.glob("*.svg"):
            shown = self.root / "docs" / "images" / drawn.name
            if shown.exists() and shown.read_bytes() != drawn.read_bytes():
                self.problems.append(f"{document.name}: docs/images/{drawn.name} is not what its command draws now")


def run_commands(root, zeus, traces):
    runner = CommandRunner(root, zeus, traces)
    for document in documents(root):
        runner.run_document(document)
    print(f"{runner.ran} commands ran, {len(runner.skipped)} were skipped")
    if runner.ran + len(runner.skipped) == 0:
        runner.problems.append("no document has a command: this test looks for the wrong thing")
    return runner.problems, runner.skipped


def main(arguments):
    what, root = (arguments + ["", ""])[:2]
    expected = {"links": (2,), "flags": (3,), "commands": (3, 4)}.get(what, ())
    if not (len(arguments) in expected or (what == "flags" and len(arguments) > 3)):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    root = pathlib.Path(root).resolve()
    skipped = []
    if what == "links":
        problems = run_links(root)
    elif what == "flags":
        problems = run_flags(root, arguments[2:])
    else:
        traces = arguments[3] if len(arguments) > 3 and os.path.isdir(arguments[3]) else None
        problems, skipped = run_commands(root, arguments[2], traces)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        return 1
    if skipped:
        print("skipped, because the published traces are not there:")
        print("\n".join(skipped))
        return SKIPPED
    print(f"documents_test {what}: all as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
