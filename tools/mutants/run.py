#!/usr/bin/env python3
"""Plants defects in the model, one after the other, and lets `ipcsim fuzz` find them.

Each entry of mutants.json changes one place of a copy of the sources; `ipcsim` is built again, and
fuzzed until it disagrees with this kernel. Prints a table: steps to discovery, and the size of the
shrunk trace. Exits with 1 when a defect stays hidden, 2 when an entry fits the sources no longer,
77 when this machine cannot run the fuzzer.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
COPIED = ["CMakeLists.txt", "model", "sim", "tools"]
LACKING = 77


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, default=HERE.parent.parent, help="the sources")
    parser.add_argument("--build", type=Path, required=True, help="a folder of its own to build in")
    parser.add_argument("--only", default="", help="mutants with this in their names")
    parser.add_argument("--state", choices=["auto", "off", "require"], default="auto")
    parser.add_argument("--steps", type=int, default=20000, help="most steps for each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=6)
    parser.add_argument("--list", action="store_true", help="only check that every entry fits")
    return parser.parse_args()


def load(options):
    """The mutants, each with the whole text of its file before and after."""
    mutants = [
        mutant
        for mutant in json.loads((HERE / "mutants.json").read_text(encoding="utf-8"))
        if options.only in mutant["name"]
    ]
    for mutant in mutants:
        before = (options.source / mutant["file"]).read_text(encoding="utf-8")
        if before.count(mutant["from"]) != 1:
            sys.exit(f"{mutant['name']}: {mutant['file']} does not have its text exactly once")
        mutant["before"] = before
        mutant["after"] = before.replace(mutant["from"], mutant["to"])
    return mutants


def folders(options):
    """The copy of the sources and where it is built: as deep in it as an ordinary build folder, and
    as the preset "release" builds, so that a compiler's cache knows each file."""
    source = options.build / "source"
    return source, source / "build" / "mutants"


def prepare(options):
    """A copy of the sources that is only written where it differs, and its build folder."""
    source, build_folder = folders(options)
    for name in COPIED:
        found = options.source / name
        files = [found] if found.is_file() else [p for p in found.rglob("*") if p.is_file()]
        for file in files:
            target = source / file.relative_to(options.source)
            text = file.read_bytes()
            if not target.exists() or target.read_bytes() != text:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(text)
                shutil.copymode(file, target)
    command = ["cmake", "-S", source, "-B", build_folder, "-G", "Ninja"]
    command += ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG"]
    command += ["-DCMAKE_COMPILE_WARNING_AS_ERROR=ON", "-DBUILD_TESTING=OFF"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return source


def build(options):
    """What the compiler has against it, or nothing."""
    command = ["ninja", "-C", folders(options)[1], "ipcsim"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    return built.stdout[-3000:] if built.returncode != 0 else None


def fuzz(options, objects, steps):
    """Exit status and report of a campaign."""
    with tempfile.TemporaryDirectory() as folder:
        command = [folders(options)[1] / "ipcsim", "fuzz", "--json", "--out", folder]
        command += ["--seed", str(options.seed), "--steps", str(steps), "--objects", objects]
        command += ["--tasks", str(options.tasks), "--state", options.state]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode == LACKING:
        print(run.stderr, end="", file=sys.stderr)
        sys.exit(LACKING)
    return run.returncode, json.loads(run.stdout) if run.stdout else None


def verdict(options, mutant):
    """A line of the table, and whether the defect was found."""
    needs_state = mutant.get("state", False)
    if needs_state and options.state == "off":
        return "skipped: shows in state only", True
    status, report = fuzz(options, mutant["objects"], options.steps)
    if status < 0:
        return f"the model stops itself (signal {-status})", True
    if status != 1 or not report["findings"]:
        return "NOT FOUND", False
    finding = report["findings"][0]
    return (
        f"{finding['at_step']:>6} steps, {finding['steps_before']:>3} shrunk to "
        f"{finding['steps_after']:>2}: {finding['call']}",
        True,
    )


def main():
    options = arguments()
    mutants = load(options)
    if options.list:
        print(f"{len(mutants)} mutants fit the sources")
        return 0
    source = prepare(options)
    if error := build(options):
        sys.exit(error)
    hidden = 0
    for mutant in mutants:
        file = source / mutant["file"]
        file.write_text(mutant["after"], encoding="utf-8")
        try:
            error = build(options)
            line, found = (f"does not compile\n{error}", False) if error else verdict(options, mutant)
        finally:
            file.write_text(mutant["before"], encoding="utf-8")
        hidden += not found
        print(f"{mutant['name']:<52} {line}", flush=True)
    print(f"{len(mutants)} mutants, {hidden} not found")
    return 1 if hidden else 0


if __name__ == "__main__":
    sys.exit(main())
