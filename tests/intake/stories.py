"""A scenario and a cadence as files state them, to be changed in one place by a test."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

CADENCE = """\
name: Reminders
logic: standard
minimum_contact_delay: 5
steps:
  - {id: first, anchor: due_date, offset: 3, channel: email, template: reminder}
  - {id: call, anchor: due_date, offset: 10, channel: call, execution: manual, template: call}
  - id: last
    anchor: issue_date
    offset: 60
    channel: email
    execution: automatic
    template: final-notice
    repeat: {every: 14, limit: 2}
"""

SCENARIO = """\
name: a story
organization:
  time_zone: Europe/Paris
  send_time: "08:30"
  business_days: [mon, tue, wed, thu, fri]
  holidays: [2026-07-14]
cadence:
  name: W
  logic: standard
  minimum_contact_delay: 5
  steps:
    - {id: S0, anchor: due_date, offset: -5, channel: email}
    - {id: S1, anchor: issue_date, offset: 33, channel: email}
    - {id: S2, anchor: due_date, offset: 21, channel: call}
cadences:
  - {name: X, steps: [{id: X0, anchor: due_date, offset: 2, channel: letter}]}
invoice: {number: INV-1, issued: 2026-05-02, due: 2026-06-01, total: "10000.00", currency: EUR}
enters: 2026-05-02
until: 2026-08-01
events:
  - {on: 2026-06-05, pause: {until: 2026-06-12}}
  - {on: 2026-06-24, complete: S2}
"""


def changed(text: str, before: str, after: str) -> str:
    """Return the text with something else in the one place where `before` stands."""
    assert text.count(before) == 1, f"{before!r} stands {text.count(before)} times"
    return text.replace(before, after)


def a_file(folder: Path, content: str | bytes, name: str = "w.yaml") -> Path:
    """Return a file of that content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


class _AsJson(yaml.SafeLoader):
    """Takes for texts what JSON would have in quotes."""


_AsJson.yaml_implicit_resolvers = {}
for _tag, _pattern in (("int", "[-+]?[0-9]+$"), ("bool", "(true|false)$"), ("null", "(null)?$")):
    _AsJson.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), None)


def as_json(text: str) -> str:
    """Return the YAML document as one line of JSON; read by PyYAML alone."""
    data: Any = yaml.load(text, _AsJson)
    return json.dumps(data) + "\n"
