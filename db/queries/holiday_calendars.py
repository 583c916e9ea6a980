"""The public holidays of countries and their subdivisions, by the names that the organization may choose from."""

from datetime import date
from functools import lru_cache

import holidays

# A collection looks a year ahead; what lies beyond these years is worked out when a release moves them.
YEARS = range(2000, 2051)


@lru_cache(maxsize=16)
def holidays_of(name: str) -> frozenset[date]:
    """Return the public holidays of `name`, such as FR, or DE-BY for a subdivision. Raises ValueError."""
    country, _, subdivision = name.partition("-")
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=YEARS)
    except NotImplementedError as error:
        raise ValueError(f"there is no holiday calendar {name!r}") from error
    return frozenset(found)
