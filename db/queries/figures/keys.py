"""The figures there are, by the keys that their definitions go by."""

from enum import StrEnum


class Figure(StrEnum):
    """A figure; the value is the key of its definition."""

    AGING = "aging"
    DAYS_OUTSTANDING = "days-outstanding"
    BEST_DAYS_OUTSTANDING = "best-days-outstanding"
    DAYS_DELINQUENT = "days-delinquent"
    AT_RISK = "at-risk"
    PROMISES_DUE = "promises-due"
    COMING_DAYS = "coming-days"
    EFFECTIVENESS = "effectiveness"
    PAYMENT_DELAY = "payment-delay"
