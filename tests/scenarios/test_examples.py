"""The worked examples of the functional rules, told by the real `duewell simulate`.

`ex/expected.jsonl` was worked out by hand from the prose, in the order of the files' names.
"""

import asyncio
import json
from pathlib import Path

from tests.console.program import AWAY, duewell
from tests.intake.stories import SCENARIO, a_file

EXAMPLES = Path(__file__).parent / "ex"
MB = 1024 * 1024


async def test_every_worked_example_comes_out_as_written() -> None:
    files = sorted(EXAMPLES.glob("*.yaml"))
    expected = [json.loads(line) for line in (EXAMPLES / "expected.jsonl").read_text("utf-8").splitlines()]

    ran = await duewell(AWAY, "simulate", *map(str, files), "--json")

    assert (ran.code, ran.err) == (0, "")
    assert [json.loads(line) for line in ran.out.splitlines()] == expected
    assert len({story["name"] for story in expected}) == len(expected)


async def test_a_hostile_file_is_one_line_and_nothing_runs(tmp_path: Path) -> None:
    good = a_file(tmp_path, SCENARIO, "good.yaml")
    doubled = [f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]\n" for n in range(1, 30)]
    contents: dict[str, str | bytes] = {
        "deep.yaml": "[" * MB,
        "deep.jsonl": "[" * MB,
        "bomb.yaml": "k0: &k0 [1, 1, 1, 1]\n" + "".join(doubled),
        "long.yaml": f"name: {'x' * 10 * MB}",
        "long.jsonl": f'{{"name": "{"x" * 10 * MB}"}}',
        "latin.yaml": "name: Straße".encode("latin-1"),
        "tab.yaml": "cadence:\n\tname: W\n",
        "binary.yaml": bytes(range(256)) * 1000,
        "empty.yaml": "",
    }
    hostile = [a_file(tmp_path, content, name) for name, content in contents.items()]

    answers = await asyncio.gather(*(duewell(AWAY, "simulate", str(good), str(path)) for path in hostile))

    for path, answer in zip(hostile, answers, strict=True):
        answer.failed(2, path.name)
        assert len(answer.err) < 400
