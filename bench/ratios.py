#!/usr/bin/env python3
"""Joins what the benchmarks measured and compares it with the bars.

  ratios.py FOLDER    reads FOLDER/bench_*.json (Google Benchmark's), writes FOLDER/ratios.json and
                      prints the table. Exit status 0, whether the bars are met or not: this is no test.

Each number is the median of the repetitions, in processor time.
"""

import json
import statistics
import sys
from pathlib import Path

KB = 1024
MB = 1_000_000


class Rows:
    """The medians of one folder's benchmarks, by name."""

    def __init__(self, folder):
        self.values = {}
        self.context = {}
        for file in sorted(folder.glob("bench_*.json")):
            data = json.loads(file.read_text())
            self.context = data["context"] or self.context
            for run in data["benchmarks"]:
                if run.get("run_type") == "iteration" and "error_occurred" not in run:
                    self.add(run)

    def add(self, run):
        unit_ns = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["time_unit"]]
        name = run["run_name"].split("/iterations:")[0]
        self.values.setdefault(name, []).append(run["cpu_time"] * unit_ns)
        for key in ("bytes_each", "peak_bytes"):
            if key in run:
                self.values.setdefault(f"{name}:{key}", []).append(run[key])
        if "items_per_second" in run:
            self.values.setdefault(f"{name}:each", []).append(1 / run["items_per_second"])

    def median(self, name):
        found = self.values.get(name)
        return statistics.median(found) if found else None


def percent(name, of, bar, scale=100):
    return {"row": name, "of": of, "scale": scale, "unit": "%", "bar": bar}


def times(name, of, bar):
    return {"row": name, "of": of, "scale": 1, "unit": "x", "bar": bar}


def added(name, to, unit, scale, bar):
    return {"row": name, "of": to, "less": True, "scale": scale, "unit": unit, "bar": bar}


def absolute(name, unit, scale, bar):
    return {"row": name, "of": None, "scale": scale, "unit": unit, "bar": bar}


PIPE = "simulated_write_read"
KERNEL_PIPE = "kernel_write_read/64"
KERNEL_MQUEUE = "kernel_send_receive"

MEASURES = [
    ("model call, 64 B, of the kernel's pair",
     percent("model_write_read/bytes_kept/64", KERNEL_PIPE, 3)),
    ("simulated syscall, 64 B, with payload", percent(f"{PIPE}/bytes_kept/64", KERNEL_PIPE, 6)),
    ("simulated syscall, 64 B, lengths only", percent(f"{PIPE}/lengths_only/64", KERNEL_PIPE, 3)),
    ("simulated syscall, 4096 B, of two memcpy",
     times(f"{PIPE}/bytes_kept/4096", "two_memcpy/4096", 1.8)),
    ("simulated syscall, 64 KiB, of two memcpy",
     times(f"{PIPE}/bytes_kept/65536", "two_memcpy/65536", 1.3)),
    ("simulated syscall, 64 KiB, lengths only",
     absolute(f"{PIPE}/lengths_only/65536", "ns", 1, 120)),
    ("random operation over 64 pipes", absolute("random_operations/64", "ns", 1, 40)),
    ("random operation over 100,000 pipes", absolute("random_operations/100000", "ns", 1, 200)),
    ("blocking ping-pong, 64 B round trip", absolute("ping_pong/bytes_kept", "ns", 1, 150)),
    ("memory of an idle pipe", absolute("idle_pipes/100000:bytes_each", "B", 1, KB)),
    ("memory of a sleeping task", absolute("sleeping_tasks/1000000:bytes_each", "B", 1, 256)),
    ("100,000 pipes, 1,000,000 sleeping tasks: built in",
     absolute("build_large_system", "s", 1e-9, 1)),
    ("100,000 pipes, 1,000,000 sleeping tasks: take",
     absolute("build_large_system:peak_bytes", "MB", 1 / MB, 500)),
    ("waking one of 1,000,000, of one of 10", times("wake_one/1000000", "wake_one/10", 2)),
    ("copying 4 tasks and 2 pipes", absolute("copy_state", "ns", 1, 500)),
    ("queue: model call, 64 B, of the kernel's pair",
     percent("model_send_receive", KERNEL_MQUEUE, 3)),
    ("queue: simulated syscall, 64 B", percent("simulated_send_receive", KERNEL_MQUEUE, 7)),
    *((f"tree, {way}, {n} priorities, of boost's",
       times(f"tree_{way}/ours/{n}", f"tree_{way}/boost/{n}", 1.2))
      for way in ("steady", "fill") for n in (1, 10, 100, 1000, 32768)),
    ("hand-off, round trip", absolute("hand_off", "ns", 1, 200)),
    ("memory of an empty queue", absolute("empty_queues/2000:bytes_each", "B", 1, KB)),
    ("an event from JSON Lines, replayed (1.5 M/s)", absolute("replay_text:each", "ns", 1e9, 667)),
    ("the same, of an nlohmann DOM of the line", times("replay_text:each", "parse_dom:each", 0.25)),
    ("an event in memory, replayed (10 M/s)", absolute("replay_memory:each", "ns", 1e9, 100)),
    ("a pipeline of 100,000 calls in 4 tasks, explained in",
     absolute("explain_pipeline", "s", 1e-9, 5)),
    ("the same: takes", absolute("explain_pipeline:peak_bytes", "MB", 1 / MB, 500)),
    ("added to a call by recording through BPF",
     added("traced_call/bpf", "traced_call/alone", "us", 1e-3, 10)),
    ("sweep of 9 rings by 7 writes, 64 MiB each", absolute("sweep_grid", "s", 1e-9, 0.5)),
    ("a write and read of 64 KiB in a sweep (300 GB/s)",
     absolute("run_size/ring_slots:16/write:65536:each", "ns", 1e9, 218)),
    ("the same, of the kernel's pair",
     percent("run_size/ring_slots:16/write:65536:each", "kernel_size/65536", 2, scale=1e11)),
]


def value_of(rows, measure):
    value = rows.median(measure["row"])
    of = 1 if measure["of"] is None else rows.median(measure["of"])
    if value is None or of is None:
        return None
    return (value - of if measure.get("less") else value / of) * measure["scale"]


def table(rows):
    lines = []
    for title, measure in MEASURES:
        value = value_of(rows, measure)
        lines.append({
            "measure": title,
            "value": value,
            "bar": measure["bar"],
            "unit": measure["unit"],
            "met": None if value is None else value <= measure["bar"],
        })
    return lines


def text(line):
    said = {None: "not measured", True: "met", False: "NOT MET"}[line["met"]]
    value = "-" if line["value"] is None else f"{line['value']:.3g}"
    unit = line["unit"]
    return f"{line['measure']:<52} {value:>8} {unit:<3} {line['bar']:>6} {unit:<3} {said}"


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    folder = Path(arguments[1])
    rows = Rows(folder)
    lines = table(rows)
    report = {"context": rows.context, "ratios": lines, "medians": {
        name: rows.median(name) for name in sorted(rows.values)}}
    (folder / "ratios.json").write_text(json.dumps(report, indent=1) + "\n")
    print(f"{'measure':<52} {'value':>12} {'at most':>10}")
    print("\n".join(text(line) for line in lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
