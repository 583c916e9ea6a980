"""Charts are SVG that needs no colour, no style and no script, and say what their tables say."""

import re
from datetime import date, timedelta
from decimal import Decimal
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from console.web.chart_tables import Chart
from console.web.chart_words import short_number
from console.web.charts import aging_chart, aging_table, effectiveness_chart
from console.web.day_chart import FILLS, coming_days_chart
from console.web.definitions import DEFINITIONS
from console.web.languages import reader_for
from console.web.svg import shortened
from db.queries.figures.aging import AgedAmount, AgingBalance
from db.queries.figures.coming_days import ComingDay, ComingDays
from db.queries.figures.effectiveness import PaidWithin, StepEffect
from db.queries.figures.keys import Figure
from rules.fields import Aging

ENGLISH = reader_for("en_GB", None, ZoneInfo("UTC"))
FRENCH = reader_for("fr_FR", None, ZoneInfo("UTC"))
SVG = "{http://www.w3.org/2000/svg}"
FIRST = date(2026, 6, 15)


def a_balance(*amounts: str, currency: str = "EUR") -> AgingBalance:
    """Return an aging balance of these amounts, the youngest first."""
    each = [
        AgedAmount(currency, bucket, int(Decimal(amount) > 0), Decimal(amount))
        for bucket, amount in zip(Aging, amounts, strict=True)
    ]
    return AgingBalance(currency, tuple(each))


def an_effect(step: str, *paid: int, executed: int = 200, cadence: str = "Standard") -> StepEffect:
    """Return what a step achieved within 7, 14 and 30 days."""
    within = tuple(PaidWithin(days, executed, count) for days, count in zip((7, 14, 30), paid, strict=True))
    return StepEffect(cadence, 1, step, None, "email", 1, executed, within, FIRST)


def some_days() -> ComingDays:
    """Return 30 days with messages on business days, and to-dos."""
    days = []
    for number in range(30):
        on = FIRST + timedelta(days=number)
        messages = {"email": 40 + number, "sms": 5, "letter": 3} if on.weekday() < 5 else {}
        days.append(ComingDay(on, messages, {"call": 4} if number < 3 else {}, {"task": number % 4 + 1}))
    return ComingDays(FIRST, days[-1].on, tuple(days), 2, 0)


CHARTS = {
    "aging in French": aging_chart(a_balance("1000", "250.5", "0", "10", "99999.99"), FRENCH, "aging-EUR", 340),
    "days in French": coming_days_chart(some_days(), FRENCH, "days", 340),
    "effects in French": effectiveness_chart([an_effect("relance", 20, 30, 40)], FRENCH, "effects", 340),
    "aging": aging_chart(a_balance("1000", "250.5", "0", "10", "99999.99"), ENGLISH, "aging-EUR"),
    "aging of nothing": aging_chart(a_balance("0", "0", "0", "0", "0"), ENGLISH, "aging"),
    "aging on a telephone": aging_chart(a_balance("1", "2", "3", "4", "5", currency="JPY"), ENGLISH, "aging", 340),
    "days": coming_days_chart(some_days(), ENGLISH, "days"),
    "days on a telephone": coming_days_chart(some_days(), ENGLISH, "days", 340),
    "no days": coming_days_chart(ComingDays(FIRST, FIRST, (ComingDay(FIRST, {}, {}, {}),), 0, 0), ENGLISH, "days"),
    "effects": effectiveness_chart(
        [an_effect("reminder", 20, 30, 40), an_effect("<call> & co", 0, 0, 0)], ENGLISH, "effects"
    ),
    "no effects": effectiveness_chart([], ENGLISH, "effects"),
    "effects too young": effectiveness_chart(
        [an_effect("reminder", 0, 0, 0, executed=0)], ENGLISH, "effects", 340
    ),
}


def tree_of(chart: Chart) -> ElementTree.Element:
    """Return the chart as it is read where it was written down."""
    return ElementTree.fromstring(chart.svg.__html__())


@pytest.fixture(params=CHARTS)
def chart(request: pytest.FixtureRequest) -> Chart:
    """Each of the charts."""
    return CHARTS[request.param]


def test_a_chart_is_a_picture_with_a_title_and_a_description(chart: Chart) -> None:
    root = tree_of(chart)

    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    named_by = (root.get("aria-labelledby") or "").split()
    by_id = {one.get("id"): one for one in root.iter() if one.get("id")}
    assert [by_id[name].tag for name in named_by] == [f"{SVG}title", f"{SVG}desc"]
    assert all((by_id[name].text or "").strip() for name in named_by[:1])
    assert re.fullmatch(r"0 0 \d+ \d+(\.\d+)?", root.get("viewBox") or "")


def test_a_chart_keeps_to_a_strict_policy_for_content(chart: Chart) -> None:
    for one in tree_of(chart).iter():
        assert one.tag.removeprefix(SVG) not in ("style", "script", "foreignObject", "image", "use", "a")
        for name in one.attrib:
            assert name != "style"
            assert not name.startswith("on")
            assert "href" not in name


def test_a_chart_has_no_colour_of_its_own(chart: Chart) -> None:
    for one in tree_of(chart).iter():
        for name in ("fill", "stroke"):
            assert re.fullmatch(r"none|currentColor|url\(#[\w-]+\)|", one.get(name) or "")


def test_ids_are_those_of_the_chart_alone_and_all_that_is_named_is_there(chart: Chart) -> None:
    root = tree_of(chart)
    ids = [one.get("id") or "" for one in root.iter() if one.get("id")]
    prefix = (root.get("aria-labelledby") or "").split()[0].removesuffix("title")

    assert len(ids) == len(set(ids))
    assert all(one.startswith(prefix) for one in ids)
    assert set(re.findall(r"url\(#([\w-]+)\)", chart.svg.__html__())) <= set(ids)


def test_everything_is_drawn_within_the_picture(chart: Chart) -> None:
    root = tree_of(chart)
    width, height = (float(one) for one in (root.get("viewBox") or "").split()[2:])
    for one in root.findall(f"{SVG}rect"):
        x, y, wide, high = (float(one.get(name) or 0) for name in ("x", "y", "width", "height"))
        assert min(x, y, wide, high) >= 0
        assert x + wide <= width + 0.01
        assert y + high <= height + 0.01
    for one in root.findall(f"{SVG}text"):
        assert 0 <= float(one.get("y") or 0) <= height
        # A letter is 0.58 of its size wide, or less.
        written = len(one.text or "") * float(one.get("font-size") or 0) * 0.58
        begins = {"end": -written, "middle": -written / 2}.get(one.get("text-anchor") or "", 0.0)
        assert float(one.get("x") or 0) + begins + written <= width + 1


def test_a_chart_has_a_table_whose_rows_fit_its_columns_and_a_definition(chart: Chart) -> None:
    assert all(len(row) == len(chart.table.columns) for row in chart.table.rows)
    assert DEFINITIONS[chart.definition].says


def test_every_figure_is_defined() -> None:
    assert set(DEFINITIONS) == set(Figure)


def test_each_channel_has_a_filling_of_its_own() -> None:
    from dunning.cadence import Channel

    assert set(FILLS) == {channel.value for channel in Channel}
    assert len(set(FILLS.values())) == len(FILLS)


def test_bars_of_aging_are_as_long_as_their_amounts() -> None:
    root = tree_of(CHARTS["aging on a telephone"])

    lengths = [float(one.get("width") or 0) for one in root.findall(f"{SVG}rect")]

    assert lengths == pytest.approx([lengths[0] * number for number in range(1, 6)], abs=0.1)


def test_the_table_of_aging_has_the_amounts_and_their_lists() -> None:
    table = aging_table([a_balance("1", "2", "3", "4", "5")], ENGLISH)

    ((name, *cells, total),) = table.rows
    assert name.said == "EUR"
    assert [cell.said for cell in cells] == [f"€{number}.00" for number in range(1, 6)]
    assert total.said == "€15.00"
    assert cells[0].listed == a_balance("1", "2", "3", "4", "5").amounts[0].listed


def test_columns_of_days_are_as_high_as_their_counts() -> None:
    counts = {"email": 10, "sms": 5}
    day = ComingDay(FIRST, counts, {"call": 3}, {"call": 2})
    root = tree_of(coming_days_chart(ComingDays(FIRST, FIRST, (day,), 0, 0), ENGLISH, "days"))
    columns = {
        (one.findtext(f"{SVG}title") or "").partition(": ")[2]: float(one.get("height") or 0)
        for one in root.findall(f"{SVG}rect")
    }

    heights = [columns[said] for said in ("10 messages (Email)", "5 messages (SMS)", "5 to-dos (Call)")]

    assert heights == pytest.approx([heights[1] * 2, heights[1], heights[1]], abs=0.02)


def test_the_table_of_days_has_a_row_for_each_day_and_channel_of_which_there_is_anything() -> None:
    table = CHARTS["days"].table

    assert [cell.said for cell in table.rows[0]] == ["Mon 15 Jun", "Email", "40", "0", "0"]
    assert table.rows[0][2].listed is not None
    assert table.rows[0][3].listed is None


def test_parts_of_an_effect_reach_to_the_shares() -> None:
    root = tree_of(CHARTS["effects"])
    titled = {(one.findtext(f"{SVG}title") or ""): one for one in root.findall(f"{SVG}rect")}
    ends = [
        float(one.get("x") or 0) + float(one.get("width") or 0)
        for said, one in titled.items()
        if said.startswith("reminder")
    ]
    begins = min(float(one.get("x") or 0) for said, one in titled.items() if said.startswith("reminder"))

    lengths = [end - begins for end in ends]

    assert lengths == pytest.approx([lengths[0], lengths[0] * 1.5, lengths[0] * 2], abs=0.1)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (7, "7"),
        (999, "999"),
        (1000, "1k"),
        (1234, "1.2k"),
        (99_999, "100k"),
        (123_456, "123k"),
        (999_500, "1M"),
        (3_450_000, "3.5M"),
        (7_480_000_000, "7.5bn"),
        (-1500, "-1.5k"),
    ],
)
def test_numbers_are_short(number: int, said: str) -> None:
    assert short_number(number, ENGLISH) == said


def test_words_that_are_too_long_are_cut_short() -> None:
    assert shortened("a friendly word from us", 60) == "a friend…"
    assert shortened("short", 60) == "short"
