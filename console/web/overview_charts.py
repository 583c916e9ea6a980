"""The charts as the overview shows them: in two widths, and no more than one can read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from console.web.chart_tables import ChartTable
from console.web.charts import aging_chart, aging_table, effectiveness_chart, effectiveness_table
from console.web.day_chart import coming_days_chart
from console.web.languages import Reader
from console.web.svg import Picture
from db.queries.figures.aging import AgingBalance
from db.queries.figures.coming_days import ComingDays
from db.queries.figures.effectiveness import StepEffect

NARROW: Final = 340
DRAWN_CURRENCIES_MAX: Final = 3
DRAWN_STEPS_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart in both widths, and its name where there are several."""

    wide: Picture
    narrow: Picture
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """Drawings with the one table behind them, which may have more rows than are drawn."""

    drawings: tuple[Drawing, ...]
    table: ChartTable
    is_part: bool = False


def aging_of(balances: Sequence[AgingBalance], reader: Reader) -> Drawn:
    """Return the aging balances; drawn are the currencies of the most invoices."""
    drawn = sorted(balances, key=lambda balance: -balance.count)[:DRAWN_CURRENCIES_MAX]
    drawings = tuple(
        Drawing(
            aging_chart(balance, reader, f"aging-{balance.currency}-wide").svg,
            aging_chart(balance, reader, f"aging-{balance.currency}-narrow", NARROW).svg,
            balance.currency,
        )
        for balance in drawn
    )
    return Drawn(drawings, aging_table(balances, reader), len(drawn) < len(balances))


def coming_of(ahead: ComingDays, reader: Reader) -> Drawn:
    """Return the days ahead."""
    wide = coming_days_chart(ahead, reader, "coming-wide")
    narrow = coming_days_chart(ahead, reader, "coming-narrow", NARROW)
    return Drawn((Drawing(wide.svg, narrow.svg),), wide.table)


def effects_of(effects: Sequence[StepEffect], reader: Reader) -> Drawn:
    """Return what steps achieve; drawn are whole cadences, those first that did the most."""
    times: Counter[int] = Counter()
    steps: Counter[int] = Counter()
    for effect in effects:
        times[effect.cadence_id] += effect.executed
        steps[effect.cadence_id] += 1
    chosen: set[int] = set()
    count = 0
    for cadence_id, _ in times.most_common():
        if chosen and count + steps[cadence_id] > DRAWN_STEPS_MAX:
            break
        chosen.add(cadence_id)
        count += steps[cadence_id]
    drawn = [effect for effect in effects if effect.cadence_id in chosen]
    wide = effectiveness_chart(drawn, reader, "effects-wide").svg
    narrow = effectiveness_chart(drawn, reader, "effects-narrow", NARROW).svg
    return Drawn((Drawing(wide, narrow),), effectiveness_table(effects, reader), len(drawn) < len(effects))
