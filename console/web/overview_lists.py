"""Where the lists are that figures are the sum of."""

from console.web.chart_tables import Listed
from console.web.pages.invoices.filters import path_of_list
from db.queries.lists.choice import InvoiceChoice


def path_of_figure(listed: Listed | None) -> str | None:
    """Return the path of the list; None for lists of actions by their days, which no page can be asked for."""
    return path_of_list(listed) if isinstance(listed, InvoiceChoice) else None
