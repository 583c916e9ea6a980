"""XML documents: reads XML that anybody may have written, without entities, network and document types."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from intake.problems import Wrong

XML_BYTES_MAX = 20 * 1024 * 1024
_TEXT_MAX = 1_000


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """A document, asked by XPath in the prefixes that the asker gives."""

    root: Any
    prefixes: Mapping[str, str]

    @property
    def name(self) -> str:
        """Return the name of the root, as {namespace}name."""
        return str(self.root.tag)

    def text(self, *paths: str) -> str:
        """Return the text of the first element that has one, of the paths in their order, or nothing."""
        return next((text for path in paths for text in self.texts(path)), "")

    def texts(self, path: str) -> list[str]:
        """Return the texts of all elements at the path that have one."""
        found = self.root.xpath(path, namespaces=dict(self.prefixes))
        texts = (each if isinstance(each, str) else each.text or "" for each in found)
        return [text.strip()[:_TEXT_MAX] for text in texts if text.strip()]


def parse_xml(data: bytes, prefixes: Mapping[str, str]) -> XmlDocument | Wrong:
    """Return the document, or why it is none that is read."""
    if len(data) > XML_BYTES_MAX:
        return Wrong("an XML document too large", f"at most {XML_BYTES_MAX >> 20} MB")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        return Wrong("not well-formed XML", "an invoice or credit note in UBL 2.1 or Factur-X")
    # Invoices need none, and entities are declared nowhere else.
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        return Wrong("XML with a document type", "an invoice without one")
    return XmlDocument(root, prefixes)
