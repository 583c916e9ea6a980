"""Looks at PDFs that others made: only whether they are such at all, and whole."""

PDF_BYTES_MAX = 10 * 1024 * 1024
_MAGIC, _END = b"%PDF-", b"%%EOF"
# Some programs write a few bytes behind the end.
_END_WITHIN = 2048


def fault_of(content: bytes) -> str | None:
    """Return what is wrong with the file, None for a PDF that can be sent."""
    if not content.startswith(_MAGIC):
        return "it is no PDF"
    if len(content) > PDF_BYTES_MAX:
        return f"it has {len(content) / 1024**2:.1f} MB, and at most {PDF_BYTES_MAX // 1024**2} can be sent"
    if _END not in content[-_END_WITHIN:]:
        return "it is cut off: a PDF's end is missing"
    return None
