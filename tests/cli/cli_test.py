#!/usr/bin/env python3
"""The command as scripts see it: exit statuses, last lines, messages, files. $IPCSIM names it."""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

IPCSIM = os.environ["IPCSIM"]
SUMMARY = re.compile(r"^\d+ steps, \d+ compared, \d+ differences, \d+ not modelled$")
CURATED = sorted(glob.glob("traces/pipe/*.jsonl") + glob.glob("traces/mqueue/*.jsonl"))
REFUSED = sorted(glob.glob("traces/refused/*.jsonl"))


def run(*arguments, text=None):
    return subprocess.run([IPCSIM, *arguments], input=text, capture_output=True, text=True,
                          errors="replace", timeout=120, check=False)


def recorded(path):
    """How many results, deaths, sleepers, handlers and states a trace has."""
    count = 0
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            count += "ret" in event or "sleep" in event or "died" in event
            count += "handled" in event
            count += len(event.get("state", {})) == 3
    return count


def diagnosis(path):
    """What the last line of a refused trace says that the report must contain."""
    with open(path, encoding="utf-8") as lines:
        note = json.loads(lines.readlines()[-1])["note"]
    prefix = "expected diagnosis: "
    assert note.startswith(prefix), path
    return note[len(prefix):]


class Replay(unittest.TestCase):
    def test_curated_traces_agree_and_everything_in_them_is_compared(self):
        self.assertGreaterEqual(len(CURATED), 40)
        done = run("replay", *CURATED)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        last = done.stdout.splitlines()[-1]
        self.assertRegex(last, SUMMARY)
        self.assertIn(f" {sum(map(recorded, CURATED))} compared, 0 differences, 0 not", last)

    def test_refused_traces_give_their_diagnosis(self):
        self.assertGreaterEqual(len(REFUSED), 5)
        for path in REFUSED:
            with self.subTest(path):
                done = run("replay", path)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(diagnosis(path), done.stdout)
                self.assertIn("reproduce: ipcsim replay " + path, done.stdout)

    def test_json_is_one_object_with_the_same_numbers(self):
        done = run("replay", "--json", *CURATED[:3], REFUSED[0])
        self.assertEqual(done.returncode, 1)
        report = json.loads(done.stdout)
        self.assertGreaterEqual(report["differences"], 1)
        self.assertEqual(report["compared"], sum(t["compared"] for t in report["traces"]))
        self.assertIn("state_before", report["traces"][-1]["details"][0])

    def test_standard_input_is_a_trace_too(self):
        with open(CURATED[0], encoding="utf-8") as trace:
            done = run("replay", "-", text=trace.read())
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_unknown_profile_is_refused_with_those_there_are(self):
        done = run("replay", "--profile", "linux-1.0", CURATED[0])
        self.assertEqual(done.returncode, 2)
        self.assertIn("linux-6.18", done.stderr)


class FillState(unittest.TestCase):
    HEADER = ('{"ipcsim_trace":1,"tasks":[{"task":1,"other_fds":[0,1,2]}]}\n'
              '{"task":1,"call":"pipe2","ret":0,"out":{"pipefd":[3,4]}}\n')

    def test_a_state_that_says_nothing_is_filled_and_then_agrees(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/t.jsonl"
            with open(path, "w", encoding="ascii") as file:
                file.write(self.HEADER + '{"task":1,"call":"write","fd":4,"buf":{"len":50000,"pattern":1}}\n'
                           '{"task":1,"call":"read","fd":3,"count":4097}\n'
                           '{"state":{"task":1,"fd":4}}\n')
            done = run("replay", "--fill-state", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(path, encoding="ascii") as file:
                pipe = json.loads(file.readlines()[-1])["state"]["pipe"]
            self.assertEqual((pipe["head"], pipe["tail"]), (13, 1))
            self.assertEqual(list(pipe["slots"]), ["1", "2..11", "12"])
            self.assertIn("2 compared, 0 differences", run("replay", path).stdout)

    def test_a_wrong_state_is_a_difference(self):
        text = self.HEADER + '{"state":{"task":1,"fd":4,"pipe":{"head":1,"tail":0}}}\n'
        done = run("replay", "-", text=text)
        self.assertEqual(done.returncode, 1)
        self.assertIn('expected (recorded): {"head":1}', done.stdout)
        self.assertIn('{"head":0}', done.stdout)
        self.assertNotIn("tail\":0}", done.stdout)

    def test_a_descriptor_without_object_cannot_be_filled(self):
        done = run("replay", "--fill-state", "-",
                   text=self.HEADER + '{"state":{"task":1,"fd":9}}\n')
        self.assertEqual(done.returncode, 2)
        self.assertIn("descriptor 9", done.stderr)


class Diff(unittest.TestCase):
    """Asks the real kernel; one that does not allow it makes these tests skipped."""

    def run_diff(self, *arguments):
        done = run("diff", *arguments)
        if done.returncode == 77:
            self.skipTest(done.stderr)
        return done

    def test_model_and_kernel_agree_on_every_curated_trace(self):
        done = self.run_diff(*CURATED)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        last = done.stdout.splitlines()[-1]
        self.assertRegex(last, SUMMARY)
        self.assertIn(f" {sum(map(recorded, CURATED))} compared, 0 differences, 0 not", last)

    def test_refused_traces_are_refused(self):
        for path in REFUSED:
            with self.subTest(path):
                done = self.run_diff(path)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(diagnosis(path), done.stdout)

    def test_the_kernels_structures_agree_after_every_step(self):
        done = self.run_diff("--state", "require", "--json", *CURATED[::5])
        report = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertGreater(report["states_compared"], report["steps"] // 2)
        self.assertGreater(report["state"]["steps"], report["steps"] // 2)

    def test_states_are_not_compared_when_they_are_not_wanted(self):
        done = self.run_diff("--state", "off", "--json", CURATED[0])
        report = json.loads(done.stdout)
        self.assertEqual(report["states_compared"], 0)
        self.assertNotIn("state", report)

    def test_rewriting_fills_states_that_say_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/t.jsonl"
            with open(path, "w", encoding="ascii") as file:
                file.write(FillState.HEADER + '{"task":1,"call":"write","fd":4,"buf":"abc"}\n'
                           '{"state":{"task":1,"fd":4}}\n')
            done = self.run_diff("--rewrite", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            if "stay empty" in done.stderr:
                self.skipTest(done.stderr)
            with open(path, encoding="ascii") as file:
                pipe = json.loads(file.readlines()[-1])["state"]["pipe"]
            self.assertEqual((pipe["head"], pipe["slots"]["0"]["len"]), (1, 3))


def as_nobody(*arguments):
    """The command without privilege, or None where this process cannot give its own up."""
    if os.geteuid() != 0:
        return None
    try:
        return subprocess.run([IPCSIM, *arguments], capture_output=True, text=True, timeout=120,
                              check=False, user=65534, group=65534, extra_groups=[])
    except PermissionError:
        return None


class WithoutPrivilege(unittest.TestCase):
    def test_requiring_states_is_status_77(self):
        done = as_nobody("diff", "--state", "require", CURATED[0])
        if done is None:
            self.skipTest("cannot run as nobody")
        self.assertEqual(done.returncode, 77)
        self.assertIn("BPF refused: ", done.stderr)

    def test_otherwise_it_is_said_that_they_were_not_compared(self):
        done = as_nobody("diff", CURATED[0])
        if done is None or done.returncode == 77:
            self.skipTest("cannot run as nobody")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("the kernel's structures were not compared: BPF refused: ", done.stdout)


class Matrix(unittest.TestCase):
    """Traces against kernels. The others than this one are asked by `tools/dev kernels`."""

    TRACES = ["traces/pipe/merge-small-writes.jsonl", "traces/mqueue/admission.jsonl",
              "traces/limits/hard-page-limit.jsonl"]

    def column(self, *arguments):
        done = run("matrix", "--json", *arguments, *self.TRACES)
        self.assertIn(done.returncode, [0, 77], done.stdout + done.stderr)
        return json.loads(done.stdout)["kernels"]

    def check_cells(self, cells):
        self.assertEqual([cell["trace"] for cell in cells], self.TRACES)
        self.assertEqual([cell["difference"] for cell in cells], ["", "", ""])
        self.assertIn("a limit of the whole machine", cells[2]["lacking"])
        if cells[0]["lacking"]:
            self.skipTest(cells[0]["lacking"])
        self.assertGreater(cells[0]["compared"], 5)

    def test_this_kernel_and_a_command_agree(self):
        kernels = self.column("--kernels", "host", "--kernel-command", "env X=1 {}")
        self.assertEqual([kernel["kernel"] for kernel in kernels], ["host", "command"])
        for kernel in kernels:
            self.check_cells(kernel["cells"])

    def test_a_kernel_of_another_version_differs(self):
        done = run("matrix", "--kernels", "host", "--kernel-command", "{}", "--profile", "linux-5.4",
                   "traces/pipe/nowait-after-splice.jsonl")
        if "1 not run" in done.stdout:
            self.skipTest(done.stdout)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("DIFFERS", done.stdout)
        self.assertIn("against linux-5.4: 0 agree, 1 differ", done.stdout)

    def test_no_verdict_is_no_difference(self):
        done = run("matrix", "--kernels", "host", "--kernel-command", "exit 3; {}", *self.TRACES)
        self.assertEqual(done.returncode, 77, done.stdout + done.stderr)
        self.assertIn("no verdict", done.stdout)
        self.assertIn("exit status 3", done.stdout)

    def test_another_kernel_in_diff_gives_results_only(self):
        other = ["diff", "--kernel", "uml-6.1", *self.TRACES]
        self.assertEqual(run(*other, "--rewrite").returncode, 2)
        self.assertEqual(run(*other, "--state", "require").returncode, 77)

    def test_bad_command_lines(self):
        self.assertEqual(run("matrix", "--kernels", "plan9", *self.TRACES).returncode, 2)
        self.assertEqual(run("matrix", "no-such-file").returncode, 2)


class Profiles(unittest.TestCase):
    def test_two_profiles_and_in_what_they_differ(self):
        done = run("profiles", "linux-6.14", "6.18")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tmp_pages", done.stdout)
        self.assertIn("linux-6.14: 1", done.stdout)
        self.assertIn("measured", done.stdout)
        self.assertNotIn("soft_limit_slots", done.stdout)

    def test_all_profiles_as_json(self):
        report = json.loads(run("profiles", "--json").stdout)
        self.assertEqual(report["profiles"][0], "linux-4.19")
        self.assertEqual(report["profiles"][-1], "linux-7.2")
        for row in report["switches"]:
            self.assertEqual(list(row["values"]), report["profiles"])
            self.assertIn(row["evidence"], ["measured", "read in source", "history"])

    def test_a_profile_that_is_not_there(self):
        done = run("profiles", "6.18", "2.4")
        self.assertEqual(done.returncode, 2)
        self.assertIn("linux-6.14", done.stderr)


class ProfileTraces(unittest.TestCase):
    """Each trace agrees with its own profile and with those it names, and differs from the others."""

    def test_each_is_answered_by_its_profile_and_not_by_its_neighbour(self):
        paths = sorted(glob.glob("traces/profiles/*.jsonl"))
        self.assertGreaterEqual(len(paths), 15)
        for path in paths:
            with self.subTest(path):
                done = run("replay", path)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                with open(path, encoding="utf-8") as lines:
                    note = json.loads(lines.readlines()[-1])["note"]
                prefix = "answered differently by: "
                self.assertTrue(note.startswith(prefix), path)
                for profile in note[len(prefix):].split(", "):
                    done = run("replay", "--profile", profile, path)
                    self.assertEqual(done.returncode, 1, profile + done.stdout + done.stderr)


class BadInput(unittest.TestCase):
    def assert_refused(self, done, name):
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn(name, done.stderr)
        self.assertNotIn("terminate", done.stderr)

    def test_bad_traces(self):
        paths = sorted(glob.glob("tests/trace/bad/*.jsonl"))
        self.assertGreaterEqual(len(paths), 10)
        for path in paths:
            with self.subTest(path):
                self.assert_refused(run("replay", path), path)

    def test_bad_strace_logs_leave_no_trace_file(self):
        paths = sorted(glob.glob("tests/import/bad/*.log"))
        self.assertGreaterEqual(len(paths), 10)
        with tempfile.TemporaryDirectory() as folder:
            for path in paths:
                with self.subTest(path):
                    self.assert_refused(run("import", path, "-o", folder + "/t.jsonl"), path)
                    self.assertEqual(os.listdir(folder), [])

    def test_a_line_of_ten_megabytes(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/long"
            with open(path, "w", encoding="ascii") as file:
                file.write('{"ipcsim_trace":1}\n' + "[" * 10_000_000)
            self.assert_refused(run("replay", path), path)
            with open(path, "w", encoding="ascii") as file:
                file.write("1 write(1, \"" + "x" * 10_000_000)
            self.assert_refused(run("import", path, "-o", folder + "/t.jsonl"), path)

    def test_a_descriptor_that_nothing_opened(self):
        with tempfile.TemporaryDirectory() as folder:
            path = folder + "/t.jsonl"
            with open(path, "w", encoding="ascii") as file:
                file.write('{"ipcsim_trace":1}\n{"task":1,"call":"read","fd":7,"count":1,"ret":1}\n')
            done = run("replay", path)
            self.assert_refused(done, path + ":2")
            self.assertIn("descriptor 7", done.stderr)

    def test_a_file_that_is_not_there(self):
        self.assert_refused(run("replay", "no such file"), "no such file")

    def test_a_bad_trace_stops_the_good_ones_too(self):
        done = run("replay", CURATED[0], "tests/trace/bad/" + os.listdir("tests/trace/bad")[0])
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, "")

    def test_command_lines(self):
        for words in ([], ["replay"], ["no-such-command"], ["replay", "--no-such-option", "x"],
                      ["diff", "--kernel", "moon", "x"]):
            with self.subTest(words):
                self.assertEqual(run(*words).returncode, 2)
        self.assertEqual(run("--help").returncode, 0)
        self.assertEqual(run("replay", "--help").returncode, 0)


class Record(unittest.TestCase):
    def test_a_recorded_pipeline_is_explained(self):
        for way in ("auto", "bpf", "strace"):
            with self.subTest(way), tempfile.TemporaryDirectory() as folder:
                trace = folder + "/t.jsonl"
                done = run("record", "--with", way, "-o", trace, "--", "sh", "-c",
                           "seq 1 2000 | sort -rn | head -3")
                if done.returncode == 77:
                    self.skipTest(done.stderr)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("2000\n1999\n1998\n", done.stdout)
                done = run("replay", trace)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn(" 0 differences, 0 not modelled", done.stdout.splitlines()[-1])

    def test_a_way_to_record_that_is_none(self):
        done = run("record", "--with", "luck", "-o", "/dev/null", "--", "true")
        self.assertEqual(done.returncode, 2)

    def test_a_program_that_is_not_there(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("record", "-o", folder + "/t.jsonl", "--", "/no/such/program")
            if done.returncode != 77:
                self.assertEqual(done.returncode, 2)
            self.assertEqual(os.listdir(folder), [])


class Show(unittest.TestCase):
    def test_text_has_rings_and_trees(self):
        done = run("show", "traces/pipe/merge-small-writes.jsonl")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("len 11", done.stdout)
        done = run("show", "traces/mqueue/tree-grows-and-shrinks.jsonl")
        self.assertIn("black rightmost", done.stdout)

    def test_json_is_one_object(self):
        done = run("show", "--json", "traces/pipe/merge-small-writes.jsonl")
        shown = json.loads(done.stdout)["shown"]
        self.assertEqual(shown[1]["pipes"][0]["slots"][0]["len"], 5)


if __name__ == "__main__":
    RESULT = unittest.main(exit=False).result
    # A suite with a skipped test is reported as skipped, not as passed.
    sys.exit(1 if not RESULT.wasSuccessful() else 77 if RESULT.skipped else 0)
