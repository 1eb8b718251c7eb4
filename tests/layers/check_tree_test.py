#!/usr/bin/env python3
"""A checker that cannot say no is untested: small trees, and what check_tree.py says of each."""

import contextlib
import io
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import check_tree


def faults(rule, files):
    """What `rule` says of a tree of these files."""
    with tempfile.TemporaryDirectory() as tree:
        for name, text in files.items():
            path = Path(tree) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(check_tree.RULES[rule](tree))


class Includes(unittest.TestCase):
    def test_down_and_within_a_layer_is_allowed(self):
        self.assertEqual(
            faults(
                "includes",
                {
                    "model/base/errno.hpp": "#include <cstdint>\n",
                    "model/pipe/ring.hpp": '#include "model/base/errno.hpp"\n',
                    "model/pipe/pipe.cpp": '#include "model/pipe/ring.hpp"\n',
                    "sim/trace/event.hpp": "",
                    "tools/host/host.cpp": '#include <fcntl.h>\n#include "sim/trace/event.hpp"\n',
                    "tests/model/ring_test.cpp": '#include "model/pipe/ring.hpp"\n'
                    '#include "sim/trace/event.hpp"\n',
                    "bench/bench_ring.cpp": '#include "model/pipe/ring.hpp"\n',
                },
            ),
            [],
        )

    def test_up_is_refused(self):
        self.assertEqual(
            faults(
                "includes",
                {
                    "sim/kernel/task.hpp": "",
                    "model/pipe/pipe.cpp": '// why\n\n#include "sim/kernel/task.hpp"\n',
                },
            ),
            [
                'model/pipe/pipe.cpp:3: includes "sim/kernel/task.hpp",'
                " but sim/kernel is above model/pipe"
            ],
        )

    def test_up_within_sim_is_refused(self):
        self.assertEqual(
            faults(
                "includes",
                {
                    "sim/replay/machine.hpp": "",
                    "sim/trace/event.hpp": '#include "sim/replay/machine.hpp"\n',
                },
            ),
            [
                'sim/trace/event.hpp:1: includes "sim/replay/machine.hpp",'
                " but sim/replay is above sim/trace"
            ],
        )

    def test_sideways_is_refused(self):
        self.assertEqual(
            faults(
                "includes",
                {
                    "model/pipe/ring.hpp": "",
                    "model/mqueue/tree.cpp": '  #  include "model/pipe/ring.hpp"\n',
                    "tools/host/host.hpp": "",
                    "tools/import/strace.cpp": '#include "tools/host/host.hpp"\n',
                },
            ),
            [
                'model/mqueue/tree.cpp:1: includes "model/pipe/ring.hpp",'
                " but model/mqueue and model/pipe do not see each other",
                'tools/import/strace.cpp:1: includes "tools/host/host.hpp",'
                " but tools/import and tools/host do not see each other",
            ],
        )

    def test_tests_and_bench_are_not_included(self):
        self.assertEqual(
            faults(
                "includes",
                {
                    "tests/support/scenario.hpp": "",
                    "sim/replay/run.cpp": '#include "tests/support/scenario.hpp"\n',
                },
            ),
            ['sim/replay/run.cpp:1: includes "tests/support/scenario.hpp", which is in no layer'],
        )

    def test_a_path_is_written_from_the_top_and_in_quotes(self):
        self.assertEqual(
            faults(
                "includes",
                {
                    "model/pipe/ring.hpp": "",
                    "model/pipe/a.cpp": '#include "ring.hpp"\n',
                    "model/pipe/b.cpp": '#include "model/pipe/../pipe/ring.hpp"\n',
                    "model/pipe/c.cpp": "#include <model/pipe/ring.hpp>\n",
                    "tests/d.cpp": '#include "gone.hpp"\n',
                },
            ),
            [
                'model/pipe/a.cpp:1: includes "ring.hpp", which is no file from the top of the tree',
                'model/pipe/b.cpp:1: includes "model/pipe/../pipe/ring.hpp",'
                " which is no file from the top of the tree",
                "model/pipe/c.cpp:1: includes <model/pipe/ring.hpp>, a file of this project;"
                ' write "model/pipe/ring.hpp"',
                'tests/d.cpp:1: includes "gone.hpp", which is no file from the top of the tree',
            ],
        )

    def test_a_file_outside_the_layers_is_refused(self):
        message = "is in no layer; add its folder to LAYERS in tests/layers/check_tree.py"
        self.assertEqual(
            faults("includes", {"model/all.hpp": "", "model/shm/shm.hpp": "", "extra/x.cpp": ""}),
            [
                f"extra/x.cpp: {message}",
                f"model/all.hpp: {message}",
                f"model/shm/shm.hpp: {message}",
            ],
        )

    def test_comments_and_strings_are_not_includes(self):
        self.assertEqual(
            faults(
                "includes",
                {
                    "model/base/a.hpp": '// #include "sim/x.hpp"\n/*\n#include "sim/x.hpp"\n*/\n',
                    "model/base/b.cpp": 'auto text = R"(\n#include "sim/x.hpp"\n)";\n',
                },
            ),
            [],
        )

    def test_the_demo_is_a_program_of_its_own(self):
        self.assertEqual(faults("includes", {"tools/demo/queue.cpp": '#include "here.hpp"\n'}), [])

    def test_what_was_built_or_is_hidden_is_not_looked_at(self):
        self.assertEqual(
            faults(
                "includes", {"build/dev/x.cpp": '#include "a"\n', ".cache/y.cpp": '#include "b"\n'}
            ),
            [],
        )


class Words(unittest.TestCase):
    def test_each_forbidden_word_is_refused(self):
        for name, code, message in [
            (
                "model/pipe/a.cpp",
                "std::this_thread::sleep_for(1s);",
                "sleep_for: nothing sleeps here; time is virtual",
            ),
            ("sim/kernel/a.cpp", "usleep(3);", "usleep: nothing sleeps here; time is virtual"),
            (
                "sim/kernel/a.cpp",
                "nanosleep (&t, 0);",
                "nanosleep: nothing sleeps here; time is virtual",
            ),
            (
                "sim/replay/a.cpp",
                "std::chrono::steady_clock::now();",
                "steady_clock: no clock is read here; time is virtual",
            ),
            (
                "sim/explore/a.cpp",
                "std::random_device seed;",
                "random_device: a run must be repeatable; take a seed",
            ),
            (
                "sim/explore/a.cpp",
                "std::uniform_int_distribution<> d;",
                "uniform_int_distribution: its results differ between C++ libraries",
            ),
            (
                "sim/trace/a.cpp",
                "#include <unordered_map>",
                "unordered_map: its order of iteration differs between C++ libraries",
            ),
            (
                "model/base/a.cpp",
                "std::unordered_multiset<int> s;",
                "unordered_multiset: its order of iteration differs between C++ libraries",
            ),
            (
                "sim/kernel/a.cpp",
                "#include <sys/epoll.h>",
                "#include <sys/epoll.h>: only tools/host knows the host",
            ),
            (
                "sim/trace/a.cpp",
                "# include <fcntl.h>",
                "# include <fcntl.h>: only tools/host knows the host",
            ),
            (
                "model/base/a.hpp",
                "#pragma once\n#include <thread>",
                "#include <thread>: headers here stay free of threads, files and iostreams",
            ),
            (
                "sim/trace/a.hpp",
                "#pragma once\n#include <fstream>",
                "#include <fstream>: headers here stay free of threads, files and iostreams",
            ),
            (
                "sim/replay/a.cpp",
                "#include <nlohmann/json.hpp>",
                "#include <nlohmann/json.hpp>: JSON stays in sim/trace and tools/ipcsim",
            ),
            ("tests/a.hpp", "int a;", "a header without #pragma once"),
        ]:
            with self.subTest(name=name, code=code):
                found = faults("words", {name: code + "\n"})
                self.assertEqual(len(found), 1, found)
                self.assertRegex(found[0], rf"^{name}:\d: ")
                self.assertTrue(found[0].endswith(": " + message), found[0])

    def test_the_line_is_given(self):
        self.assertEqual(
            faults(
                "words",
                {
                    "model/base/a.cpp": "/* one\ntwo */\nint n = 1'000;\nauto c = '\"';\n"
                    "usleep(1);\n"
                },
            ),
            ["model/base/a.cpp:5: usleep: nothing sleeps here; time is virtual"],
        )

    def test_where_a_word_is_allowed(self):
        self.assertEqual(
            faults(
                "words",
                {
                    "tools/host/a.cpp": "#include <sys/epoll.h>\n"
                    "std::unordered_map<int, int> m; usleep(1);\n",
                    "tools/ipcsim/a.cpp": "#include <nlohmann/json.hpp>\n",
                    "sim/trace/a.cpp": "#include <fstream>\n#include <nlohmann/json.hpp>\n",
                    "sim/kernel/a.cpp": "Syscall::nanosleep; my_usleep(1); int distribution;\n",
                    "tests/a.cpp": "#include <thread>\n",
                },
            ),
            [],
        )

    def test_comments_and_strings_may_say_anything(self):
        self.assertEqual(
            faults(
                "words",
                {
                    "sim/kernel/a.cpp": "// no usleep(1)\n"
                    'auto s = "usleep(1)"; /* unordered_map */ // \' random_device\n'
                    "auto r = R\"x(\" usleep(1) )x\"; auto q = '\\'';\n",
                },
            ),
            [],
        )


class Sources(unittest.TestCase):
    def test_named_files_are_accepted(self):
        self.assertEqual(
            faults(
                "sources",
                {
                    "model/CMakeLists.txt": "add_library(m HEADERS base/a.hpp SOURCES base/a.cpp)",
                    "model/base/a.hpp": "",
                    "model/base/a.cpp": "",
                    "tools/demo/queue.cpp": "",
                    "tests/layers/check.py": "",
                },
            ),
            [],
        )

    def test_a_file_that_nobody_names_is_refused(self):
        self.assertEqual(
            faults(
                "sources",
                {
                    "model/CMakeLists.txt": "ipcsim_library(m SOURCES base/a.cpp # base/b.cpp\n)\n",
                    "model/base/a.cpp": "",
                    "model/base/b.cpp": "",
                    "sim/base/a.cpp": "",
                },
            ),
            [
                "model/base/b.cpp: is named in no CMakeLists.txt",
                "sim/base/a.cpp: is named in no CMakeLists.txt",
            ],
        )

    def test_a_glob_is_refused(self):
        self.assertEqual(
            faults(
                "sources", {"CMakeLists.txt": "# file(GLOB x)\nfile( GLOB_RECURSE all *.cpp)\n"}
            ),
            ["CMakeLists.txt:2: finds files by a glob; name each of them"],
        )


class Readmes(unittest.TestCase):
    def test_a_title_and_a_sentence_are_accepted(self):
        self.assertEqual(
            faults(
                "readmes",
                {
                    "model/pipe/a.cpp": "",
                    "model/pipe/README.md": "# pipe\n\nThe ring, and what is done to it. More.\n",
                    "docs/notes.txt": "no sources here, so no README",
                },
            ),
            [],
        )

    def test_a_folder_without_readme_is_refused(self):
        self.assertEqual(
            faults(
                "readmes", {"sim/CMakeLists.txt": "", "sim/kernel/a.hpp": "", "tests/x/y.py": ""}
            ),
            [
                "sim: has sources but no README.md",
                "sim/kernel: has sources but no README.md",
                "tests/x: has sources but no README.md",
            ],
        )

    def test_a_readme_that_does_not_say_the_purpose_is_refused(self):
        message = "does not start with a title and a sentence on the purpose"
        for text in [
            "",
            "# pipe\n",
            "The ring.\n",
            "# pipe\n\n| file | says |\n",
            "# pipe\n\nno sentence\n",
        ]:
            with self.subTest(text=text):
                self.assertEqual(
                    faults("readmes", {"model/pipe/a.cpp": "", "model/pipe/README.md": text}),
                    [f"model/pipe/README.md: {message}"],
                )


class Command(unittest.TestCase):
    def run_main(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = check_tree.main(list(arguments))
        return status, out.getvalue(), err.getvalue()

    def test_status_tells_good_from_bad_from_unusable(self):
        with tempfile.TemporaryDirectory() as tree:
            self.assertEqual(self.run_main("sources", tree), (0, "", ""))
            (Path(tree) / "a.cpp").write_text("", encoding="utf-8")
            self.assertEqual(
                self.run_main("sources", tree), (1, "a.cpp: is named in no CMakeLists.txt\n", "")
            )
            for bad in [
                (),
                ("sources",),
                ("no-such-rule", tree),
                ("sources", os.path.join(tree, "gone")),
            ]:
                status, out, err = self.run_main(*bad)
                self.assertEqual((status, out), (2, ""))
                self.assertIn("check_tree.py RULE TREE", err)


if __name__ == "__main__":
    unittest.main()
