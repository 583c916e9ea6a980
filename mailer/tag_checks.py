"""Checks the tags and filters of a text: known ones, and none that leaves a hole (rules 8.5 and 8.7)."""

from collections.abc import Iterator, Mapping

from mailer.findings import Finding, Part, line_of
from mailer.known_tags import IN_LOOPS, KNOWN, MAY_BE_EMPTY, all_tags, filter_names, hinting
from mailer.liquid_marks import without_comments
from mailer.tag_paths import Mention, Mentions
from phrase import phrase

# The organization's own fields by entity; None if they are not known.
Fields = Mapping[str, frozenset[str]] | None
_LIST_PARTS = frozenset({"size", "first", "last"})


def check_tags(part: Part, source: str, read: Mentions, fields: Fields) -> Iterator[Finding]:
    """Return what is wrong with the tags and filters of a part."""
    plain = without_comments(source)
    for name, position in read.filters:
        if name not in filter_names():
            problem = hinting(phrase(f"there is no filter {name}"), name, filter_names())
            yield Finding("error", problem, part, line_of(plain, position, part))
    for mention in read.tags:
        wrong = _unknown(mention, read.names, fields) or _hole(mention)
        if wrong is not None:
            yield Finding("error", wrong, part, line_of(plain, mention.position, part))


def _hole(mention: Mention) -> str | None:
    """Return what is wrong with a tag that can be without a value, None if something stands in for it."""
    of_custom_field = len(mention.path) > 2 and mention.path[1] == "custom"
    if not mention.is_written or mention.is_guarded or not (mention.tag in MAY_BE_EMPTY or of_custom_field):
        return None
    name = mention.name
    return phrase(
        f'{name} can be without a value; write {{{{ {name} | default: "…" }}}}, or {{% if {name} %}} around it'
    )


def _unknown(mention: Mention, names: Mapping[str, str | None], fields: Fields) -> str | None:
    """Return what is wrong with a tag's name, None if it is known."""
    first, *rest = mention.path
    if any(not isinstance(segment, str | int) for segment in mention.path):
        return phrase(f"{mention.name}: a tag is written by its name")
    if first == "forloop" or (first in names and first not in KNOWN):
        over = names.get(str(first))
        if over == "invoices" and rest and rest[0] not in IN_LOOPS:
            missing = phrase(f"an invoice of a list has no tag {rest[0]}")
            return hinting(missing, str(rest[0]), tuple(sorted(IN_LOOPS)))
        return None
    if first not in KNOWN:
        return hinting(phrase(f"there is no tag {mention.name}"), mention.name, all_tags())
    tags = KNOWN[str(first)]
    if not tags:
        return _unknown_in_list(mention, str(first), rest)
    if not rest:
        return (
            hinting(phrase(f"{first} is a group of tags"), f"{first}.", all_tags()) if mention.is_written else None
        )
    if rest[0] not in tags:
        return hinting(phrase(f"there is no tag {mention.name}"), mention.name, all_tags())
    if rest[0] == "custom":
        return _unknown_field(mention, str(first), rest[1:], fields)
    if len(rest) > 1 and not (len(rest) == 2 and rest[1] in _LIST_PARTS):
        return phrase(f"there is no tag {mention.name}; {first}.{rest[0]} has no parts")
    return None


def _unknown_in_list(mention: Mention, first: str, rest: list[object]) -> str | None:
    if not rest or (len(rest) == 1 and (rest[0] in _LIST_PARTS or isinstance(rest[0], int))):
        return None
    if first == "invoices" and len(rest) == 2 and rest[0] != "size" and rest[1] in IN_LOOPS:
        return None
    return hinting(phrase(f"there is no tag {mention.name}"), mention.name, all_tags())


def _unknown_field(mention: Mention, entity: str, rest: list[object], fields: Fields) -> str | None:
    if len(rest) != 1 or not isinstance(rest[0], str):
        return phrase(f"{entity}.custom needs the name of one field behind it")
    if fields is None or rest[0] in fields.get(entity, frozenset()):
        return None
    known = tuple(f"{entity}.custom.{key}" for key in sorted(fields.get(entity, ())))
    return hinting(phrase(f"the organization has no field {mention.name}"), mention.name, known)
