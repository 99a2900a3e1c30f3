"""Reads JSON from standard input and compares it with what PyYAML makes of a file."""
import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    expected = yaml.safe_load(file)
found = json.load(sys.stdin)
if found != expected:
    sys.exit("another document")
if json.dumps(found) != json.dumps(expected):
    sys.exit("another order")
