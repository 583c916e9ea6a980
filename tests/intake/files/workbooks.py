"""Workbooks as spreadsheet programs save them, and as they do not."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"

Value = str | int | float | Decimal | bool | date | None


def a_workbook(**sheets: list[list[Value]]) -> bytes:
    """Return a workbook of these sheets; a text that begins with < is the XML of its cell, "error" is one."""
    return a_package({name: _rows(rows) for name, rows in sheets.items()})


def a_package(sheets: dict[str, str], more: dict[str, bytes] | None = None) -> bytes:
    """Return a workbook whose sheets hold this XML of rows; `more` are further parts."""
    names = list(sheets)
    listed = "".join(
        f'<sheet name="{name.replace("_", " ")}" sheetId="{place}" r:id="rId{place}"/>'
        for place, name in enumerate(names, start=1)
    )
    related = "".join(
        f'<Relationship Id="rId{place}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{place}.xml"/>'
        for place, _ in enumerate(names, start=1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" '
        'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{_CONTENT}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}'
        f'<Relationship Id="rId99" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/>'
        "</cellXfs></styleSheet>",
    }
    for place, rows in enumerate(sheets.values(), start=1):
        parts[f"xl/worksheets/sheet{place}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return packed.getvalue()


def _rows(rows: list[list[Value]]) -> str:
    return "".join(
        f'<row r="{line}">'
        + "".join(_cell(f"{chr(65 + place)}{line}", value) for place, value in enumerate(row))
        + "</row>"
        for line, row in enumerate(rows, start=1)
    )


def _cell(where: str, value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return f'<c r="{where}" t="b"><v>{int(value)}</v></c>'
        case date():
            return f'<c r="{where}" s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
        case "error":
            return f'<c r="{where}" t="e"><v>#N/A</v></c>'
        case str() if value.startswith("<"):
            return f'<c r="{where}">{value}</c>'
        case str():
            return f'<c r="{where}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        case _:
            return f'<c r="{where}"><v>{value}</v></c>'
