"""What the figures mean, in plain words: the text behind each of them, by its key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from console.web.words import N_
from db.queries.figures.keys import Figure


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure's name and what it counts, a paragraph for each string."""

    name: str
    says: tuple[str, ...]


DEFINITIONS: Final[Mapping[Figure, Definition]] = {
    Figure.AGING: Definition(
        N_("Aging balance"),
        (
            N_(
                "What is outstanding, by currency and by how many days it is overdue: not due, 1–30, 31–60, "
                "61–90, and over 90 days. An invoice is overdue from the day after its due date."
            ),
            N_(
                "Invoices count while they are open and more than the tolerance is outstanding; hidden ones "
                "count too. An invoice without a due date and without a payment term is not due. Money that a "
                "customer paid and that settles no invoice yet is not taken off."
            ),
        ),
    ),
    Figure.DAYS_OUTSTANDING: Definition(
        N_("Days sales outstanding (DSO)"),
        (
            N_(
                "Receivables ÷ sales of the last 90 days × 90, for each currency: how many days' sales are "
                "not paid."
            ),
            N_(
                "Receivables are the whole aging balance. Sales are the totals of the invoices issued in the "
                "last 90 days, today included, without drafts and void ones, less the credit notes of these "
                "days."
            ),
        ),
    ),
    Figure.BEST_DAYS_OUTSTANDING: Definition(
        N_("Best possible DSO"),
        (
            N_(
                "Receivables that are not due ÷ sales of the last 90 days × 90: the DSO if all customers paid "
                "in time."
            ),
        ),
    ),
    Figure.DAYS_DELINQUENT: Definition(
        N_("Average days delinquent"),
        (N_("DSO less best possible DSO: the days of it that are due to late payment."),),
    ),
    Figure.AT_RISK: Definition(
        N_("At risk"),
        (
            N_(
                "What is outstanding on invoices that are more than 60 days overdue, or disputed, or of which "
                "the last promise to pay was broken, or that cannot be followed up because their collection "
                "is blocked."
            ),
            N_("An invoice counts once in the sum, and under each of its reasons in the parts."),
        ),
    ),
    Figure.PROMISES_DUE: Definition(
        N_("Promises due"),
        (
            N_(
                "What customers promised to pay from today to the 7th day after: the amount that was "
                "promised, less what has come since. Late are the promises of days gone by that still have "
                "days of grace."
            ),
        ),
    ),
    Figure.COMING_DAYS: Definition(
        N_("The next 30 days"),
        (
            N_(
                "The next step of every open collection on the day that is planned for it, and the to-dos "
                "that are open on the day for which they are listed. Steps that follow after the next one are "
                "not counted."
            ),
        ),
    ),
    Figure.EFFECTIVENESS: Definition(
        N_("Effectiveness of cadences"),
        (
            N_(
                "How often a step was followed by full payment within 7, 14 and 30 days, of the steps of the "
                "last 365 days. Each time that the step was carried out counts once it is so many days ago."
            ),
            N_(
                "It was followed by full payment if the last money that settled the invoice came after the "
                "day of the step, within the days, and not after the day of the next step on that invoice."
            ),
        ),
    ),
    Figure.PAYMENT_DELAY: Definition(
        N_("Average payment delay"),
        (
            N_(
                "The mean of the days from due date to full payment, over the invoices that the customer paid "
                "in full in the last 12 months; each counts alike. Payment before the due date counts as "
                "negative days. The weighted delay counts each unit of money alike."
            ),
            N_("Of a customer that pays very often, what the newest 100 payments settled counts."),
        ),
    ),
}
