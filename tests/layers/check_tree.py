#!/usr/bin/env python3
"""Checks the source tree against its rules; `check_tree.py RULE TREE`, RULE being one of

  includes  an include points down the layers, by a path from the top of the tree
  words     a layer does not use what it must not know (clocks, files, threads, JSON, chance)
  sources   every source file is named in a CMakeLists.txt, and none is found by a glob
  readmes   every folder with sources says its purpose in the first sentence of its README.md

Prints one line for each fault and exits with 1 if there is any.
"""

import re
import sys
from pathlib import Path, PurePosixPath

# From the top down. A file may include its own folder and the rows below its own; the folders of
# one row do not see each other.
LAYERS = [
    ["tools/ipcsim"],
    ["tools/host", "tools/import"],
    ["sim/explore", "sim/fuzz"],
    ["sim/replay"],
    ["sim/trace"],
    ["sim/kernel"],
    ["model/pipe", "model/mqueue"],
    ["model/base"],
]
RANK = {folder: rank for rank, row in enumerate(LAYERS) for folder in row}

# Beside the layers: they may include anything, and no layer includes them.
ABOVE_ALL = ["tests", "bench"]

# Programs that the demo compiles by itself, as a user's own would be.
NOT_BUILT_BY_CMAKE = ["tools/demo"]

C_FAMILY = {".c", ".h", ".cc", ".cpp", ".hpp"}
HEADERS = {".h", ".hpp"}
SOURCES = C_FAMILY | {".py"}

INCLUDE = r"#\s*include\s*"

MODEL_AND_SIM = ["model", "sim"]
WITHOUT_JSON = ["model", "sim/kernel", "sim/replay", "sim/explore", "tools/host", "tools/import"]


class Forbidden:
    """Text that files in `folders` may not contain, and why."""

    def __init__(self, pattern, reason, folders=MODEL_AND_SIM, suffixes=C_FAMILY):
        self.pattern = re.compile(pattern)
        self.reason = reason
        self.folders = folders
        self.suffixes = suffixes

    def concerns(self, path):
        return path.suffix in self.suffixes and any(under(path, folder) for folder in self.folders)


FORBIDDEN = [
    Forbidden(
        r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\s*\(",
        "nothing sleeps here; time is virtual",
    ),
    Forbidden(
        r"\b(?:system_clock|steady_clock|high_resolution_clock)\b",
        "no clock is read here; time is virtual",
    ),
    Forbidden(r"\brandom_device\b", "a run must be repeatable; take a seed"),
    Forbidden(r"\b\w+_distribution\b", "its results differ between C++ libraries"),
    Forbidden(r"\bunordered_\w+\b", "its order of iteration differs between C++ libraries"),
    Forbidden(
        INCLUDE + r"<(?:sys/.*|linux/.*|(?:fcntl|mqueue|poll|pthread|sched|unistd)\.h)>",
        "only tools/host knows the host",
    ),
    Forbidden(
        INCLUDE + r"<(?:fstream|future|iostream|mutex|thread)>",
        "headers here stay free of threads, files and iostreams",
        suffixes=HEADERS,
    ),
    Forbidden(
        INCLUDE + r"<nlohmann/.*>",
        "JSON stays in sim/trace and tools/ipcsim",
        folders=WITHOUT_JSON,
    ),
]

# What the text of a C++ file is made of, as far as these rules need to know.
TOKEN = re.compile(
    r"""(?P<include>^[ \t]*\#[ \t]*include\b[^\n]*)
      | (?P<comment>//[^\n]* | /\*.*?\*/)
      | (?P<raw>\bu?8?[LUu]?R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)")
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<number>\b[0-9][0-9a-zA-Z'.]*)
      | (?P<char>'(?:\\.|[^'\\\n])+')
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
QUOTED_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([\"<])([^\">\n]+)[\">]", re.MULTILINE)


def code_of(text):
    """`text` with comments and literals blanked out; line numbers stay."""

    def blank(match):
        if match.lastgroup in ("include", "number"):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())

    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def under(path, folder):
    return PurePosixPath(folder) == path or PurePosixPath(folder) in path.parents


def files_in(tree):
    """Every file of the tree, as a path from its top; without what is hidden or was built."""
    found = []
    for entry in sorted(Path(tree).iterdir()):
        if entry.name.startswith((".", "build", "cmake-build")):
            continue
        candidates = [entry] if entry.is_file() else sorted(entry.rglob("*"))
        for candidate in candidates:
            path = PurePosixPath(candidate.relative_to(tree).as_posix())
            if candidate.is_file() and "__pycache__" not in path.parts:
                found.append(path)
    return found


def c_files_in(tree):
    for path in files_in(tree):
        if path.suffix in C_FAMILY:
            yield path, (Path(tree) / path).read_text(encoding="utf-8")


def layer_of(path):
    return next((folder for folder in RANK if under(path, folder)), None)


def check_includes(tree):
    for path, text in c_files_in(tree):
        if any(under(path, folder) for folder in NOT_BUILT_BY_CMAKE):
            continue
        layer = layer_of(path)
        free = any(under(path, folder) for folder in ABOVE_ALL)
        if layer is None and not free:
            yield f"{path}: is in no layer; add its folder to LAYERS in tests/layers/check_tree.py"
            continue
        for match in QUOTED_INCLUDE.finditer(code_of(text)):
            quote, name = match.groups()
            where = f"{path}:{line_of(text, match.start())}"
            target = PurePosixPath(name)
            if quote == "<":
                if (Path(tree) / target).is_file():
                    yield f'{where}: includes <{name}>, a file of this project; write "{name}"'
                continue
            if ".." in target.parts or not (Path(tree) / target).is_file():
                yield f'{where}: includes "{name}", which is no file from the top of the tree'
                continue
            if free:
                continue
            into = layer_of(target)
            if into is None:
                yield f'{where}: includes "{name}", which is in no layer'
            elif into != layer and RANK[into] == RANK[layer]:
                yield f'{where}: includes "{name}", but {layer} and {into} do not see each other'
            elif RANK[into] < RANK[layer]:
                yield f'{where}: includes "{name}", but {into} is above {layer}'


def check_words(tree):
    for path, text in c_files_in(tree):
        code = code_of(text)
        for forbidden in FORBIDDEN:
            if not forbidden.concerns(path):
                continue
            for match in forbidden.pattern.finditer(code):
                words = " ".join(match.group().split()).rstrip("( ")
                yield f"{path}:{line_of(code, match.start())}: {words}: {forbidden.reason}"
        if path.suffix in HEADERS and not re.search(r"^#pragma once$", code, re.MULTILINE):
            yield f"{path}:1: a header without #pragma once"


def check_sources(tree):
    named = set()
    for path in files_in(tree):
        if path.name != "CMakeLists.txt" and path.suffix != ".cmake":
            continue
        text = (Path(tree) / path).read_text(encoding="utf-8")
        code = re.sub(r"#[^\n]*", lambda match: " " * len(match.group()), text)
        for match in re.finditer(
            r"\bfile\s*\(\s*GLOB(?:_RECURSE)?\b|\baux_source_directory\b", code, re.IGNORECASE
        ):
            yield f"{path}:{line_of(code, match.start())}: finds files by a glob; name each of them"
        for name in re.findall(r"[\w./+-]+", code):
            named.add(path.parent / name)
    for path in files_in(tree):
        if path.suffix in C_FAMILY and path not in named:
            if not any(under(path, folder) for folder in NOT_BUILT_BY_CMAKE):
                yield f"{path}: is named in no CMakeLists.txt"


def check_readmes(tree):
    files = files_in(tree)
    for folder in sorted(
        {path.parent for path in files if path.suffix in SOURCES or path.name == "CMakeLists.txt"}
    ):
        readme = folder / "README.md"
        if readme not in files:
            yield f"{folder}: has sources but no README.md"
            continue
        paragraphs = (Path(tree) / readme).read_text(encoding="utf-8").strip().split("\n\n")
        prose = [text for text in paragraphs if not text.startswith("#")]
        if (
            not paragraphs[0].startswith("# ")
            or not prose
            or not re.match(r"[\w`*(][^|]*?\.(?:\s|$)", prose[0])
        ):
            yield f"{readme}: does not start with a title and a sentence on the purpose"


RULES = {
    "includes": check_includes,
    "words": check_words,
    "sources": check_sources,
    "readmes": check_readmes,
}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in RULES or not Path(arguments[1]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    faults = list(RULES[arguments[0]](arguments[1]))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
