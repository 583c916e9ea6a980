"""Reads a cadence that is to be published from its YAML file."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from dunning.cadence import Cadence
from intake.complaints import listed
from intake.documents import BadDocument, Misplaced, take
from intake.stated_cadence import StatedCadence, cadence_of
from intake.yaml_documents import yaml_documents
from mailer.texts import template_names

STANDARD = Path(__file__).parent / "cadences" / "standard.yaml"


class BadCadence(Exception):
    """The file is no cadence that could be published; the text is one line that says where and why."""


def read_cadence(path: Path, saved_names: Callable[[], frozenset[str]] = frozenset) -> Cadence:
    """Return the cadence that the file states. Raises BadCadence.

    `saved_names` are the templates that were saved; it is asked only if one is used that is not shipped.
    """
    try:
        document, *others = yaml_documents(path)
        if others:
            raise BadDocument(f"{others[0].where(())}: expected one cadence in the file, and nothing after it")
        return take(document, StatedCadence, partial(sound_cadence, saved_names=saved_names))
    except BadDocument as error:
        raise BadCadence(str(error)) from error


def wrong_texts(
    cadence: Cadence, saved_names: Callable[[], frozenset[str]] = frozenset
) -> list[tuple[int, str, str]]:
    """Return the steps whose text is missing or not there: index, key and what is wrong."""
    known = template_names()
    if any(step.template is not None and step.template not in known for step in cadence.steps):
        known |= saved_names()
    wrong = []
    for index, step in enumerate(cadence.steps):
        if step.template is None:
            if step.is_automatic and step.channel.is_written:
                said = f"is missing; an automatic {step.channel} needs one of {listed(sorted(known))}"
                wrong.append((index, "template", said))
        elif step.template not in known:
            said = f"there is no template {step.template!r}; expected {listed(sorted(known))}"
            wrong.append((index, "template", said))
    return wrong


def sound_cadence(stated: StatedCadence, saved_names: Callable[[], frozenset[str]]) -> Cadence:
    """Return the cadence, which has a name to call it by and all the texts that it needs. Raises Misplaced."""
    name = stated.name
    if name.strip().lower() == "none":
        raise Misplaced(
            ("name",), f"{name!r} is wrong; it stands for no cadence, as in `duewell cadence default none`"
        )
    if name != name.strip() or not name.isprintable():
        raise Misplaced(("name",), f"{name!r} is wrong; expected text without spaces around it and without lines")
    cadence = cadence_of(stated)
    for index, key, said in wrong_texts(cadence, saved_names):
        raise Misplaced(("steps", index, key), said)
    return cadence
