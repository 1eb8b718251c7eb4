#!/usr/bin/env python3
"""`ipcsim fuzz` from the outside: its options, and short campaigns with the real kernel."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

LACKING = 77


def ipcsim(*words):
    return subprocess.run(
        [os.environ["IPCSIM"], *words], capture_output=True, text=True, check=False
    )


class Options(unittest.TestCase):
    def test_what_cannot_be_meant_is_refused(self):
        for words in [
            ["--steps", "0"],
            ["--steps", "many"],
            ["--seed", "-x"],
            ["--objects", "semaphore"],
            ["--tasks", "0"],
            ["--tasks", "61"],
            ["--kernel", "minix"],
            ["--state", "perhaps"],
            ["--profile", "linux-1.0"],
            ["--out", "/no/such/folder"],
            ["program.jsonl"],
        ]:
            with self.subTest(words=words):
                run = ipcsim("fuzz", *words)
                self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
                self.assertNotEqual(run.stderr, "")

    def test_a_seed_is_a_program(self):
        words = ["fuzz", "--seed", "5", "--write-program"]
        first = ipcsim(*words, "3")
        self.assertEqual(first.returncode, 0)
        self.assertEqual(first.stdout, ipcsim(*words, "3").stdout)
        self.assertNotEqual(first.stdout, ipcsim(*words, "4").stdout)
        with tempfile.TemporaryDirectory() as folder:
            trace = Path(folder) / "program.jsonl"
            trace.write_text(first.stdout, encoding="utf-8")
            replay = ipcsim("replay", str(trace))
        self.assertEqual(replay.returncode, 0, replay.stdout + replay.stderr)
        self.assertIn("0 differences, 0 not modelled", replay.stdout.splitlines()[-1])


class Campaign(unittest.TestCase):
    def test_model_and_kernel_agree(self):
        for objects in ["pipe", "mqueue", "all"]:
            for tasks in ["2", "6", "12"]:
                with self.subTest(objects=objects, tasks=tasks):
                    self.run_one(objects, tasks)

    def run_one(self, objects, tasks):
        with tempfile.TemporaryDirectory() as folder:
            words = ["--objects", objects, "--tasks", tasks, "--out", folder]
            run = ipcsim("fuzz", "--seed", "11", "--steps", "1000", "--json", *words)
            if run.returncode == LACKING:
                print(run.stderr, file=sys.stderr)
                sys.exit(LACKING)
            found = "\n".join(p.read_text(encoding="utf-8") for p in Path(folder).iterdir())
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr + found)
        report = json.loads(run.stdout)
        self.assertGreaterEqual(report["steps"], 1000)
        self.assertGreater(report["compared"], 700)
        self.assertEqual(report["differences"], 0)
        self.assertEqual(report["not_modelled"], 0)
        self.assertEqual(report["given_up"], {})
        self.assertGreater(report["sleeps"], 0)

    def test_another_version_of_the_kernel_is_told_apart(self):
        with tempfile.TemporaryDirectory() as folder:
            words = ["--seed", "1", "--steps", "20000", "--objects", "pipe", "--out", folder]
            words += ["--state", "off"]  # a difference that the trace itself shows
            run = ipcsim("fuzz", "--profile", "linux-5.4", *words)
            if run.returncode == LACKING:
                sys.exit(LACKING)
            self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
            (trace,) = Path(folder).iterdir()
            self.assertIn(f"reproduce: ipcsim diff {trace}", run.stdout)
            self.assertLess(len(trace.read_text(encoding="utf-8").splitlines()), 20)
            self.assertEqual(ipcsim("diff", str(trace)).returncode, 1)
            self.assertEqual(ipcsim("replay", str(trace)).returncode, 1)
            here = ipcsim("replay", "--profile", "linux-6.18", str(trace))
            self.assertEqual(here.returncode, 0, here.stdout)
            first = trace.read_text(encoding="utf-8")
            trace.unlink()
            ipcsim("fuzz", "--profile", "linux-5.4", *words)
            self.assertEqual(first, trace.read_text(encoding="utf-8"))

    def test_the_text_ends_with_the_four_numbers(self):
        run = ipcsim("fuzz", "--seed", "1", "--steps", "200")
        if run.returncode == LACKING:
            sys.exit(LACKING)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(run.stderr, "")
        self.assertIn("never reached:", run.stdout)
        self.assertRegex(
            run.stdout.splitlines()[-1],
            r"^\d+ steps, \d+ compared, 0 differences, 0 not modelled$",
        )


if __name__ == "__main__":
    unittest.main()
