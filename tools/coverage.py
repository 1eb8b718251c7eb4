#!/usr/bin/env python3
"""Which lines of the model ran, by what the program's counters say.

  coverage.py collect BUILD -o FILE    reads the counters in the build folder BUILD, writes FILE (JSON)
  coverage.py report HOST ANY          a table of files with two of those: what the comparisons with this
                                       kernel reached, and what other traces reached as well

A line belongs to pipes, to message queues, or to `model/base`, which serves both. Of those that no
comparison with this kernel reached, some it could not reach: `elsewhere` other traces did, of other
versions or of limits of the whole machine; `not modelled` they say so, and there is nothing to compare.
The rest are `missed`, and `compared` is the share in per cent of what could be. Files without missed
lines are not listed. Exit status of report: 0 if pipes and message queues have their bar, 1 if not.
"""

import argparse
import collections
import json
import re
import subprocess
import sys
from pathlib import Path

BAR_PERCENT = 95
PARTS = ("pipe", "mqueue", "base")
# In sim/kernel these are there for message queues alone; the rest is needed by pipes.
MQUEUE_FILES = {
    "ipc_namespace", "mq_entry", "mqueue_fs", "sys_mq_file", "sys_mq_notify", "sys_mq_sysctl",
    "sys_mq_transfer", "sys_mqueue", "sys_mount", "sys_netlink", "sys_sched", "sys_unshare",
}


# What makes a state a value: its text, its hash, the check of its rules. No kernel has these.
VALUE_FILES = {"call_text", "kernel_check", "kernel_hash", "msg_tree_check"}


def part_of(file):
    """The part that a file belongs to, or None for one that is not compared with a kernel."""
    path = Path(file)
    if path.stem in VALUE_FILES:
        return None
    if path.is_relative_to("sim/kernel"):
        return "mqueue" if path.stem in MQUEUE_FILES else "pipe"
    for part in PARTS:
        if path.is_relative_to(f"model/{part}"):
            return part
    return None


def objects_that_count(build):
    objects = sorted(build.glob("**/*.gcno"))
    if not objects:
        sys.exit(f"coverage.py: nothing in {build} counts lines; is it of the preset `coverage`?")
    return objects


def is_of_the_value(function, text):
    """Whether a function only makes a structure a value: it is compiler-made (it begins where its
    class does, or is `= default`), visits fields, hashes, or looks for a broken rule."""
    name = function["demangled_name"]
    return bool(re.search(r"^\s*(struct|class)\b|= default;", text)
                or re.search(r"\beach_field\b|\bhash(_into)?\b|\bbroken_\w+|\boperator[=<]=", name))


def collect(build, out):
    """How often each line ran; a line that several objects have ran as often as in all together."""
    top = Path.cwd()
    counts = collections.defaultdict(lambda: collections.defaultdict(int))
    for obj in objects_that_count(build):
        gcov = subprocess.run(["gcov", "--json-format", "--stdout", obj], check=True,
                              capture_output=True, text=True)
        data = json.loads(gcov.stdout)
        folder = Path(data["current_working_directory"])
        for file in data["files"]:
            path = (folder / file["file"]).resolve()
            if not path.is_relative_to(top) or part_of(path.relative_to(top)) is None:
                continue
            text = path.read_text().splitlines()
            # A member's default value counts as a line of whatever function elsewhere uses it.
            functions = {f["name"] for f in file["functions"]
                         if not is_of_the_value(f, text[f["start_line"] - 1])}
            lines = counts[str(path.relative_to(top))]
            for line in file["lines"]:
                if line.get("function_name") in functions:
                    lines[line["line_number"]] += line["count"]
    out.write_text(json.dumps(counts, sort_keys=True) + "\n")


def ranges(lines, code):
    """Lines as "3 5-8": a range may span lines that are no code."""
    spans = []
    for line in sorted(code):
        if line not in lines:
            spans.append(None)
        elif spans and spans[-1] is not None:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    spans = [s for s in spans if s is not None]
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


class Tally:
    """Lines: all, those that no comparison with this kernel could reach, those that none reached."""

    def __init__(self, code=0, elsewhere=0, not_modelled=0, missed=0):
        self.code, self.elsewhere, self.not_modelled = code, elsewhere, not_modelled
        self.missed = missed

    def add(self, other):
        self.code += other.code
        self.elsewhere += other.elsewhere
        self.not_modelled += other.not_modelled
        self.missed += other.missed

    def percent(self):
        comparable = self.code - self.elsewhere - self.not_modelled
        return 100 * (comparable - self.missed) / comparable if comparable else 100.0

    def row(self, name):
        return f"{name:<38} {self.code:>5} {self.elsewhere:>9} {self.not_modelled:>12} " \
               f"{self.missed:>6} {self.percent():>8.1f}"


def tally_of(file, host, anywhere):
    """A file's tally, and which of its lines are missed."""
    text = Path(file).read_text().splitlines()
    code = {int(line) for line in host}
    unreached = {line for line in code if host[str(line)] == 0}
    elsewhere = {line for line in unreached if anywhere.get(str(line), 0) > 0}
    not_modelled = {n for n in unreached - elsewhere if "not_modelled(" in text[n - 1]}
    missed = unreached - elsewhere - not_modelled
    tally = Tally(len(code), len(elsewhere), len(not_modelled), len(missed))
    return tally, ranges(missed, code)


def report(host, anywhere):
    reached = json.loads(host.read_text())
    by_any = json.loads(anywhere.read_text())
    totals = {part: Tally() for part in PARTS}
    print(f"{'file':<38} {'lines':>5} {'elsewhere':>9} {'not modelled':>12} {'missed':>6} "
          f"{'compared':>8}  lines missed")
    for part in PARTS:
        for file in sorted(f for f in reached if part_of(f) == part):
            tally, missed = tally_of(file, reached[file], by_any[file])
            totals[part].add(tally)
            if missed:
                print(f"{tally.row(file)}  {missed}")
        print(totals[part].row(f"{part}: all files") + "\n")
    low = [p for p in ("pipe", "mqueue") if totals[p].percent() < BAR_PERCENT]
    for part in low:
        print(f"{part}: fewer than {BAR_PERCENT} % of the lines are compared with this kernel")
    return 1 if low else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("build", type=Path)
    collecting.add_argument("-o", dest="out", type=Path, required=True)
    reporting = commands.add_parser("report")
    reporting.add_argument("host", type=Path)
    reporting.add_argument("anywhere", type=Path)
    args = parser.parse_args()
    if args.command == "collect":
        collect(args.build, args.out)
        return 0
    return report(args.host, args.anywhere)


if __name__ == "__main__":
    sys.exit(main())
