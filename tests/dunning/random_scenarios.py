"""Random scenarios, in the JSON form of scenario files, for comparing the core with the naive simulator."""

import random
from bisect import bisect_right
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from tests.dunning.naive import simulate

Entry = dict[str, Any]

YEAR_START = date(2026, 1, 1)
SENDABLE = ["email", "email", "email", "sms", "letter"]
TOTALS = ["10000.00", "1234.56", "99.99", "0.01", "250000.00"]
TIME_ZONES = ["Europe/Paris", "America/New_York", "Asia/Tokyo", "UTC", "Australia/Lord_Howe"]
BUSINESS_WEEKS = [
    ["mon", "tue", "wed", "thu", "fri", "sat"],
    ["sun", "mon", "tue", "wed", "thu"],
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    ["tue", "thu"],
    ["wed"],
]
OFTEN = ["pause", "pay", "due_date", "reassign", "contact", "dispute", "promise"]
SELDOM = ["complete", "ignore", "snooze", "resume", "reverse", "resolve_dispute"]  # these mostly come as an answer
KINDS = [*OFTEN, *OFTEN, *OFTEN, *SELDOM]


def random_scenario(chance: random.Random) -> dict[str, Any]:
    """Draw a scenario: 40 to 200 days under one cadence or more, with events that often hit an open to-do."""
    issued = YEAR_START + timedelta(days=chance.randrange(365))
    due = issued + timedelta(days=chance.choice([0, 1, 7, 14, 15, 30, 30, 30, 45, 60, chance.randint(0, 70)]))
    has_due = chance.random() < 0.93
    late = chance.random() < 0.3
    days = chance.randint(-3, 75) if late else chance.choice([0, 0, 1, 5])
    enters = max(issued, (due if late else issued) + timedelta(days=days))
    until = enters + timedelta(days=int(chance.triangular(40, 200, 90)))
    cadences = [random_cadence(chance, name) for name in ["W", "X", "Y"][: chance.choice([1, 2, 2, 3])]]
    invoice = {"number": "INV-1", "issued": issued.isoformat(), "total": chance.choice(TOTALS), "currency": "EUR"}
    if has_due:
        invoice["due"] = due.isoformat()
    scenario: dict[str, Any] = {
        "name": f"random {chance.randrange(10**9)}",
        "cadence": cadences[0],
        "invoice": invoice,
        "enters": enters.isoformat(),
        "until": until.isoformat(),
    }
    if len(cadences) > 1:
        scenario["cadences"] = cadences[1:]
    if chance.random() < 0.6:
        scenario["organization"] = random_organization(chance, issued, due)
    scenario["events"] = random_events(chance, scenario, due if has_due else None)
    answer_todos(chance, scenario)
    return scenario


def random_organization(chance: random.Random, issued: date, due: date) -> Entry:
    """Draw an organization: its week, its holidays and, now and then, its graces."""
    organization: Entry = {}
    if chance.random() < 0.4:
        organization["time_zone"] = chance.choice(TIME_ZONES)
        organization["send_time"] = chance.choice(["08:30", "09:00", "17:45"])
    if chance.random() < 0.4:
        organization["business_days"] = chance.choice(BUSINESS_WEEKS)
    if chance.random() < 0.6:
        days = {due + timedelta(days=chance.randint(-12, 40)) for _ in range(chance.randint(1, 8))}
        if chance.random() < 0.3:  # a shutdown of some days
            first = issued + timedelta(days=chance.randint(0, 60))
            days |= {first + timedelta(days=number) for number in range(chance.randint(3, 14))}
        organization["holidays"] = [day.isoformat() for day in sorted(days)]
    for key in ("promise_grace_days", "partial_payment_hold_days", "reversal_grace_days"):
        if chance.random() < 0.1:
            organization[key] = chance.randint(0, 6)
    if chance.random() < 0.1:
        organization["tolerance"] = "5.00"
    return organization


def random_cadence(chance: random.Random, name: str) -> Entry:
    """Draw a cadence of 1 to 7 steps: spread, dense, or with several steps on the same day."""
    first, reach = chance.choice([(-15, 75), (-15, 75), (-6, 12), (0, 7), (-2, 4)])
    manual = chance.choice([0.0, 0.3, 0.5, 0.7])
    steps = [random_step(chance, f"S{number}", first, reach, manual) for number in range(chance.randint(1, 7))]
    if chance.random() < 0.7:
        offsets = sorted((step["offset"], step["anchor"]) for step in steps)
        for step, (offset, anchor) in zip(steps, offsets, strict=True):
            step["offset"], step["anchor"] = offset, anchor
    if chance.random() < 0.25:
        steps[-1]["repeat"] = {"every": chance.choice([1, 3, 7, 14, 30]), "limit": chance.randint(1, 5)}
    cadence: Entry = {"name": name, "logic": chance.choice(["standard", "contextual"]), "steps": steps}
    if chance.random() < 0.8:
        cadence["minimum_contact_delay"] = 30 if chance.random() < 0.05 else chance.randint(0, 12)
    return cadence


def random_step(chance: random.Random, step_id: str, first: int, reach: int, manual: float) -> Entry:
    """Draw a step whose offset is among the `reach` days from `first`, moved behind an issue date."""
    on_due_date = chance.random() < 0.75
    offset = first + chance.randint(0, reach)
    step: Entry = {
        "id": step_id,
        "anchor": "due_date" if on_due_date else "issue_date",
        "offset": offset if on_due_date else min(60, max(0, offset + chance.choice([0, 15, 30]))),
        "channel": chance.choice(SENDABLE),
    }
    if chance.random() < manual:
        step["channel"] = chance.choice(["email", "sms", "letter", "call", "call", "task"])
        if step["channel"] in SENDABLE or chance.random() < 0.5:
            step["execution"] = "manual"
    elif chance.random() < 0.5:
        step["execution"] = "automatic"
    if chance.random() < 0.15:
        step["never_supersede"] = True
    return step


class Teller:
    """Draws one event after another, knowing enough of the story so far to make many of them apply."""

    def __init__(self, chance: random.Random, scenario: Entry, due: date | None) -> None:
        """Begin where the scenario begins."""
        cadences = [scenario["cadence"], *scenario.get("cadences", [])]
        self.chance = chance
        self.step_ids: list[str] = sorted({step["id"] for cadence in cadences for step in cadence["steps"]})
        self.cadence_names: list[str] = [cadence["name"] for cadence in cadences]
        self.issued = date.fromisoformat(scenario["invoice"]["issued"])
        self.due = due
        self.total = round(float(scenario["invoice"]["total"]) * 100)  # in cents
        self.paid = 0
        self.today = date.fromisoformat(scenario["enters"])
        self.likely_next = ""

    def event(self, day: date) -> Entry:
        """Draw the event of the day; what an earlier one calls for comes up more often."""
        self.today = day
        kind = self.chance.choice(KINDS)
        if self.likely_next and self.chance.random() < 0.5:
            kind, self.likely_next = self.likely_next, ""
        draw: Callable[[], Any] = getattr(self, f"draw_{kind}")
        return {"on": day.isoformat(), kind: draw()}

    def later(self, first: int, last: int) -> str:
        """Draw a day from `first` to `last` days from today."""
        return (self.today + timedelta(days=self.chance.randint(first, last))).isoformat()

    def draw_complete(self) -> str:
        """Draw a step, open or not."""
        return self.chance.choice(self.step_ids)

    draw_ignore = draw_complete

    def draw_snooze(self) -> Entry:
        """Draw a step and a day."""
        return {"step": self.chance.choice(self.step_ids), "until": self.later(1, 10)}

    def draw_pause(self) -> Entry:
        """Draw a pause, now and then open-ended or refused."""
        self.likely_next = "resume"
        return {} if self.chance.random() < 0.3 else {"until": self.later(0, 25)}

    def draw_resume(self) -> Entry:
        """Draw nothing more."""
        return {}

    def draw_pay(self) -> str:
        """Draw an amount: often all that is outstanding, seldom too much or nothing."""
        self.likely_next = "reverse"
        outstanding = self.total - self.paid
        amount = self.chance.choice(
            [outstanding, outstanding, outstanding - 300, self.total // 2, self.total // 3, 1, self.total + 1, 0]
        )
        amount = max(amount, 0)
        if 0 < amount <= outstanding:
            self.paid += amount
        return f"{amount // 100}.{amount % 100:02}"

    def draw_reverse(self) -> str:
        """Draw an amount: often all that was paid, seldom too much."""
        amount = self.chance.choice([self.paid, self.paid, self.paid // 2, 1, self.paid + 1])
        if 0 < amount <= self.paid:
            self.paid -= amount
        return f"{amount // 100}.{amount % 100:02}"

    def draw_dispute(self) -> Entry:
        """Draw a dispute."""
        self.likely_next = "resolve_dispute"
        return {}

    def draw_resolve_dispute(self) -> str:
        """Draw how it ends."""
        return self.chance.choice(["resume", "resume", "restart", "stop"])

    def draw_promise(self) -> str:
        """Draw the promised day, seldom one in the past."""
        return self.later(-1, 14)

    def draw_due_date(self) -> str:
        """Draw a new due date, before or after the present one, seldom one that is refused."""
        near = self.chance.choice([self.due or self.issued, self.due or self.issued, self.today])
        self.due = near + timedelta(days=self.chance.choice([-20, -7, -3, -1, 0, 1, 3, 6, 7, 8, 12, 30, 45]))
        return self.due.isoformat()

    def draw_reassign(self) -> str | None:
        """Draw a cadence, perhaps the present one, or none; coming back is likely."""
        self.likely_next = "reassign"
        return self.chance.choice([*self.cadence_names, *self.cadence_names, None])

    def draw_contact(self) -> str | Entry:
        """Draw an ad hoc message, now and then in the place of a step."""
        channel = self.chance.choice(["email", "sms", "letter", "call"])
        if self.chance.random() < 0.6:
            return channel
        return {"channel": channel, "as_step": self.chance.choice(self.step_ids)}


def random_events(chance: random.Random, scenario: Entry, due: date | None) -> list[Entry]:
    """Draw up to 8 events, sorted by day, mostly in the first two months and often close together."""
    enters, until = date.fromisoformat(scenario["enters"]), date.fromisoformat(scenario["until"])
    span = (until - enters).days
    busy = min(span, chance.choice([15, 40, 60, span]))
    days = sorted(chance.randint(0, busy) for _ in range(chance.choice([0, 1, 2, 3, 4, 5, 6, 7, 8])))
    teller = Teller(chance, scenario, due)
    return [teller.event(enters + timedelta(days=day)) for day in days]


def answer_todos(chance: random.Random, scenario: Entry) -> None:
    """Add answers to to-dos that the naive simulator opens; they open others, hence several rounds."""
    seen: set[tuple[str, str]] = set()
    for _ in range(chance.choice([0, 1, 2, 2])):
        for entry in simulate(scenario)["log"]:
            if entry["event"] == "opened" and (entry["on"], entry["step"]) not in seen:
                seen.add((entry["on"], entry["step"]))
                event = random_answer(chance, entry)
                if event["on"] <= scenario["until"] and chance.random() < 0.75:
                    days = [each["on"] for each in scenario["events"]]
                    scenario["events"].insert(bisect_right(days, event["on"]), event)


def random_answer(chance: random.Random, opened: Entry) -> Entry:
    """Draw what becomes of the to-do on the day it opened (too early) or some days later."""
    day = date.fromisoformat(opened["on"]) + timedelta(days=chance.choice([0, 1, 1, 2, 3, 5, 8, 13]))
    kind = chance.choice(["complete", "complete", "complete", "ignore", "ignore", "snooze", "contact"])
    given: Any = opened["step"]
    if kind == "snooze":
        given = {"step": opened["step"], "until": (day + timedelta(days=chance.randint(1, 9))).isoformat()}
    elif kind == "contact":
        given = {"channel": "call", "as_step": opened["step"]}
    return {"on": day.isoformat(), kind: given}
