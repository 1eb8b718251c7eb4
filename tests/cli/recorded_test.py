#!/usr/bin/env python3
"""Logs of real programs in traces/recorded: import, replay, and corrupted copies. $IPCSIM names the
command."""

import glob
import json
import os
import re
import subprocess
import tempfile
import unittest

from corrupted import CORRUPTIONS

IPCSIM = os.environ["IPCSIM"]
LOGS = sorted(glob.glob("traces/recorded/*.log"))
TRACES = sorted(glob.glob("traces/recorded/*.jsonl"))


def run(*arguments):
    return subprocess.run([IPCSIM, *arguments], capture_output=True, text=True, errors="replace",
                          timeout=120, check=False)


class Recorded(unittest.TestCase):
    def test_each_log_imports_with_nothing_dropped_silently_and_is_explained(self):
        self.assertGreaterEqual(len(LOGS), 8)
        for log in LOGS:
            with self.subTest(log), tempfile.TemporaryDirectory() as folder:
                trace = os.path.join(folder, "trace.jsonl")
                done = run("import", "--json", log, "-o", trace)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(json.loads(done.stdout)["not_understood"], [])
                self.explained(trace)

    def test_each_trace_is_explained(self):
        self.assertEqual(len(TRACES), len(LOGS))
        for trace in TRACES:
            with self.subTest(trace):
                self.explained(trace)

    def explained(self, trace):
        done = run("replay", "--json", trace)
        report = json.loads(done.stdout)
        self.assertEqual((report["differences"], report["undecided"], report["not_modelled"]),
                         (0, 0, 0), done.stdout)
        self.assertGreater(report["compared"], 0)
        self.assertEqual(done.returncode, 0)

    def test_explain_tells_who_slept_and_writes_a_file_for_perfetto(self):
        for trace in TRACES:
            with self.subTest(trace), tempfile.TemporaryDirectory() as folder:
                file = os.path.join(folder, "perfetto.json")
                done = run("explain", "--perfetto", file, trace)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertRegex(done.stdout, r"\d+ calls, \d+ of them slept\n")
                with open(file, encoding="utf-8") as opened:
                    events = json.load(opened)["traceEvents"]
                phases = {event["ph"] for event in events}
                self.assertLessEqual({"M", "X", "C"}, phases)
                starts = [e["id"] for e in events if e["ph"] == "s"]
                self.assertEqual(starts, [e["id"] for e in events if e["ph"] == "f"])

    def test_corrupted_copies_are_refuted_where_they_were_corrupted_or_behind(self):
        made = {corruption.__name__: 0 for corruption in CORRUPTIONS}
        traces = 0
        for trace in TRACES:
            with open(trace, encoding="utf-8") as lines:
                events = [json.loads(line) for line in lines]
            copies = 0
            for corruption in CORRUPTIONS:
                corrupted = corruption(events)
                if corrupted is None:
                    continue
                with self.subTest(trace, corruption=corruption.__name__):
                    self.refuted(*corrupted)
                made[corruption.__name__] += 1
                copies += 1
            traces += copies == len(CORRUPTIONS)
        self.assertGreaterEqual(traces, 10, made)
        self.assertGreaterEqual(min(made.values()), 10, made)

    def refuted(self, place, events):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "corrupted.jsonl")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(event) + "\n" for event in events)
            done = run("replay", "--json", path)
        self.assertEqual(done.returncode, 1, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual((report["differences"], report["undecided"]), (1, 0))
        named = re.match(r".*?jsonl:(\d+)", report["traces"][0]["details"][0]["where"])
        self.assertGreaterEqual(int(named.group(1)), place + 1)


if __name__ == "__main__":
    unittest.main()
