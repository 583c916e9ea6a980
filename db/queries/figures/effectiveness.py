"""What cadences achieve: how often a step is followed by full payment within days, before the next step."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.queries.figures.keys import Figure
from db.queries.todos import ActionFilter
from dunning.cadence import Channel

WITHIN_DAYS: Final = (7, 14, 30)
PERIOD_DAYS: Final = 365
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class PaidWithin:
    """Of the times that a step was carried out at least `days` days ago, how many were followed by payment."""

    days: int
    executed: int
    paid: int

    @property
    def share_percent(self) -> Decimal | None:
        """Return the share in percent, to the tenth; None while no execution is old enough."""
        if not self.executed:
            return None
        return (Decimal(100 * self.paid) / self.executed).quantize(_TENTH, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class StepEffect:
    """What a step of a cadence achieves: how often it was carried out, and what followed within 7, 14 and 30 days.

    `position` is the place of the step in the version that is in force, None if it is not in it.
    """

    definition: ClassVar[Figure] = Figure.EFFECTIVENESS
    cadence: str
    cadence_id: int
    step: str
    name: str | None
    channel: str
    position: int | None
    executed: int
    within: tuple[PaidWithin, ...]
    first: date

    @property
    def listed(self) -> ActionFilter:
        """Return the nearest list there is: what was done under the cadence by this channel in the period."""
        return ActionFilter(
            cadence_id=self.cadence_id,
            channels=(self.channel,),
            states=("done",),
            kinds=("step",),
            listed_from=self.first,
        )


_COUNTS = ", ".join(
    f"count(*) FILTER (WHERE e.ended_on <= CAST(:today AS date) - {days}) AS executed_{days},"
    f" count(*) FILTER (WHERE e.ended_on <= CAST(:today AS date) - {days}"
    f" AND e.paid_on > e.ended_on AND e.paid_on <= LEAST(e.ended_on + {days}, COALESCE(e.next_on, 'infinity')))"
    f" AS paid_{days}"
    for days in WITHIN_DAYS
)
# The actions by ix_actions_list, from the first day of the period on; what settled their invoices by
# ix_payment_allocations_invoice_id and ix_credit_allocations_invoice_id.
_EFFECTS = text(f"""
WITH executed AS MATERIALIZED (
  SELECT a.invoice_id, a.cadence_id, a.step_id, a.channel, a.ended_on,
         LEAD(a.ended_on) OVER (PARTITION BY a.invoice_id ORDER BY a.ended_on, a.id) AS next_on
    FROM actions a
   WHERE a.state = 'done' AND a.channel = ANY(:channels) AND a.kind = 'step' AND a.listed_on >= :first
     AND a.ended_on IS NOT NULL),
paid AS MATERIALIZED (
  SELECT i.id, GREATEST(
           (SELECT max(p.received_on) FROM payment_allocations x JOIN payments p ON p.id = x.payment_id
             WHERE x.invoice_id = i.id AND p.reversed_on IS NULL),
           (SELECT max(n.issued_on) FROM credit_allocations x JOIN credit_notes n ON n.id = x.credit_note_id
             WHERE x.invoice_id = i.id AND n.voided_on IS NULL)) AS paid_on
    FROM invoices i
   WHERE i.state = 'open' AND i.settled = i.total AND i.id IN (SELECT invoice_id FROM executed)),
e AS (SELECT executed.*, paid.paid_on FROM executed LEFT JOIN paid ON paid.id = executed.invoice_id)
SELECT ca.name AS cadence, g.*, s.name, s.position
  FROM (SELECT e.cadence_id, e.step_id, max(e.channel) AS channel, count(*) AS executed, {_COUNTS}
          FROM e GROUP BY e.cadence_id, e.step_id) g
  JOIN cadences ca ON ca.id = g.cadence_id
  LEFT JOIN cadence_versions v ON v.cadence_id = ca.id AND v.state = 'published'
  LEFT JOIN cadence_steps s ON s.version_id = v.id AND s.step_id = g.step_id
 ORDER BY ca.name, s.position NULLS LAST, g.step_id
""")  # noqa: S608  # constants alone


def effectiveness(session: Session, today: date, period_days: int = PERIOD_DAYS) -> tuple[StepEffect, ...]:
    """Return what each step of each cadence achieved that fell due within the period.

    Counted is each time that a step was carried out (an action that is done; a repeated step each time, a merged
    message for each of its invoices). It was followed by full payment within n days if the invoice is fully paid
    today, and the last money that settled it is of a day after that of the step, at most n days after it, and not
    after the day of the next step carried out on the invoice: money of that very day was on its way before it. The
    day of money is that on which a payment was received or a credit note issued. Only times that are at least n
    days ago count for n, so that what was done yesterday does not look like a failure.

    Reads the done steps of the period once: for a job, not for a page.
    """
    first = today - timedelta(days=period_days)
    values = {"today": today, "first": first, "channels": [channel.value for channel in Channel]}
    return tuple(
        StepEffect(
            row.cadence,
            row.cadence_id,
            row.step_id,
            row.name,
            row.channel,
            row.position,
            row.executed,
            tuple(
                PaidWithin(days, row._mapping[f"executed_{days}"], row._mapping[f"paid_{days}"])
                for days in WITHIN_DAYS
            ),
            first,
        )
        for row in session.execute(_EFFECTS, values)
    )
