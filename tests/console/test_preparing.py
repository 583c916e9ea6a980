"""What the server has when it begins is not looked through for garbage again and again."""

import subprocess
import sys
from pathlib import Path

# In a program of its own: what this one has frozen it could not tell apart.
_PROGRAM = """
import gc, time
from console.server import prepare

def look_ms():
    started = time.thread_time()
    gc.collect()
    return (time.thread_time() - started) * 1000

loaded = []
before = min(look_ms() for _ in range(3))
prepare(lambda: loaded.append({"a": []}))
after = min(look_ms() for _ in range(3))
left = [one for one in gc.get_objects() if one is loaded[0]]
print(bool(loaded), len(left), after / before)
"""


def test_what_is_there_from_the_beginning_is_not_looked_through_again() -> None:
    root = Path(__file__).parents[2]
    said = subprocess.run(
        [sys.executable, "-c", _PROGRAM], cwd=root, capture_output=True, text=True, check=True, timeout=60
    ).stdout

    is_loaded, left, ratio = said.split()

    assert (is_loaded, left) == ("True", "0")
    assert float(ratio) < 0.2
