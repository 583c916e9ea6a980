"""Reads a cadence that is to be published from its YAML file."""

from pathlib import Path

from dunning.cadence import Cadence
from intake.complaints import listed
from intake.documents import BadDocument, Misplaced, take
from intake.stated_cadence import StatedCadence, cadence_of
from intake.yaml_documents import yaml_documents
from mailer.render import template_names

STANDARD = Path(__file__).parent / "cadences" / "standard.yaml"


class BadCadence(Exception):
    """The file is no cadence that could be published; the text is one line that says where and why."""


def read_cadence(path: Path) -> Cadence:
    """Return the cadence that the file states. Raises BadCadence."""
    try:
        document, *others = yaml_documents(path)
        if others:
            raise BadDocument(f"{others[0].where(())}: expected one cadence in the file, and nothing after it")
        return take(document, StatedCadence, _with_texts)
    except BadDocument as error:
        raise BadCadence(str(error)) from error


def _with_texts(stated: StatedCadence) -> Cadence:
    """Return the cadence, whose steps have all the texts that they need. Raises Misplaced."""
    cadence = cadence_of(stated)
    known = template_names()
    for index, step in enumerate(cadence.steps):
        if step.template is None:
            if step.is_automatic and step.channel.is_written:
                wrong = f"is missing; an automatic {step.channel} needs one of {listed(sorted(known))}"
                raise Misplaced(("steps", index, "template"), wrong)
        elif step.template not in known:
            wrong = f"there is no template {step.template!r}; expected {listed(sorted(known))}"
            raise Misplaced(("steps", index, "template"), wrong)
    return cadence
