#!/usr/bin/env python3
"""What it costs a program to be recorded.

  recorder.py BUILD    runs BUILD/traced_calls alone and under `BUILD/ipcsim record`, by BPF and by
                       strace, seven times in turn, and writes BUILD/bench/bench_record.json in the form of
                       Google Benchmark. A way of recording that this machine lacks is left out.

Times are of the program's own clock: real time, a call. A recording that lacks calls is an error.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = 7
PAIRS = {"alone": 100_000, "bpf": 20_000, "strace": 2_000}
LACKS = 77


def traced(build, way, trace):
    """Nanoseconds a call, or None where the machine cannot record in this way."""
    program = [build / "traced_calls", str(PAIRS[way])]
    if way != "alone":
        program = [build / "ipcsim", "record", "-q", "--with", way, "-o", trace, "--", *program]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    if done.returncode == LACKS:
        return None
    if done.returncode != 0:
        sys.exit(f"recorder.py: {way}: {done.stderr.strip()}")
    if way != "alone":
        calls = sum(1 for line in trace.read_text().splitlines()
                    if '"call":"write"' in line or '"call":"read"' in line)
        if calls < 2 * PAIRS[way]:
            sys.exit(f"recorder.py: {way}: {calls} calls recorded of {2 * PAIRS[way]}")
    return float(done.stdout.splitlines()[0])


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    build = Path(arguments[1])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for way in PAIRS:
                took = traced(build, way, Path(folder) / "trace.jsonl")
                if took is not None:
                    rows.append({"run_name": f"traced_call/{way}", "run_type": "iteration",
                                 "cpu_time": took, "real_time": took, "time_unit": "ns"})
    for way in PAIRS:
        times = sorted(row["cpu_time"] for row in rows if row["run_name"] == f"traced_call/{way}")
        if times:
            print(f"traced_call/{way:<10} {times[len(times) // 2]:>10.0f} ns")
        else:
            print(f"traced_call/{way:<10} cannot be measured here")
    (build / "bench/bench_record.json").write_text(
        json.dumps({"context": {}, "benchmarks": rows}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
