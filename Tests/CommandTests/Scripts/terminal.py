"""Runs a program on a terminal of its own and types what it is told to: terminal.py ORDER, a JSON object with `columns`, `environment`,
`folder`, `arguments` and `answers`: each is typed when the program asks, which ends a line with a colon or a bracket. Prints what the
terminal showed, and whether its echo is off at the end, and ends as the program did."""
import fcntl
import json
import os
import pty
import re
import signal
import struct
import sys
import termios

# A program that does not end is a failure: it loses its terminal with this process.
signal.alarm(300)
order = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, order["columns"], 0, 0))
    os.chdir(order["folder"])
    os.execve(order["arguments"][0], order["arguments"], {**os.environ, **order["environment"]})

answers = list(order["answers"])
shown = b""
seen = 0
while True:
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    if answers and re.search(rb"(: |\] )$", shown[seen:]):
        seen = len(shown)
        answer = answers.pop(0)
        os.write(terminal, answer.encode() + (b"" if answer == "\x03" else b"\n"))
if not termios.tcgetattr(terminal)[3] & termios.ECHO:
    shown += b"[the echo is off]"
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
