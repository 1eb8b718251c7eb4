#!/usr/bin/env python3
"""Holds lines against a JSON Schema; `schema_check.py SCHEMA`, the lines on standard input.

A line that starts with `+` must be accepted, one that starts with `-` refused. Prints each line that is
not judged so, and exits with 1 if there is any; with 77 if the module jsonschema is missing or too old.
"""

import json
import sys


def main(arguments):
    try:
        from jsonschema import Draft202012Validator
    except ImportError as missing:
        print(f"the Python module jsonschema, 4.0 or newer, is missing: {missing}")
        return 77
    with open(arguments[0], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)

    checked = {"+": 0, "-": 0}
    faults = 0
    for line in sys.stdin.buffer.read().decode("utf-8").split("\n"):
        if not line:
            continue
        expected, text = line[0], line[1:]
        checked[expected] += 1
        if validator.is_valid(json.loads(text)) != (expected == "+"):
            faults += 1
            print(("refused: " if expected == "+" else "accepted: ") + text)
    print(f"{checked['+']} to accept, {checked['-']} to refuse, {faults} misjudged")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
