"""The pages as an application (ASGI), and the one address for pages and API."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from console.web import faults
from console.web.assets import PREFIX
from console.web.pages import (
    account,
    action_bulk,
    action_jobs,
    action_orders,
    actions,
    appearance,
    audit,
    cadence_editor,
    cadence_publishing,
    cadences,
    home,
    intake,
    intake_report,
    jobs,
    overview,
    rule_editor,
    rule_looks,
    rules,
    settings,
    settings_calendar,
    settings_domains,
    settings_groups,
    settings_keys,
    settings_organization,
    settings_senders,
    settings_users,
    settings_webhooks,
    sign_in,
    single_sign_on,
    template_previews,
    templates,
    views,
)
from console.web.pages.customers import customer as customers_customer
from console.web.pages.customers import customers as customers_customers
from console.web.pages.invoices import bulk as invoices_bulk
from console.web.pages.invoices import listing as invoices_listing
from console.web.pages.invoices import messages as invoices_messages
from console.web.pages.invoices import orders as invoices_orders
from console.web.pages.invoices import owing as invoices_owing
from console.web.pages.invoices import page as invoices_page
from console.web.pages.invoices import writing as invoices_writing
from console.web.security import SecureAnswers
from console.web.service import Web

PAGES = (
    account,
    action_bulk,
    action_jobs,
    action_orders,
    actions,
    appearance,
    audit,
    cadence_editor,
    cadence_publishing,
    cadences,
    customers_customer,
    customers_customers,
    home,
    intake,
    intake_report,
    invoices_bulk,
    invoices_listing,
    invoices_messages,
    invoices_orders,
    invoices_owing,
    invoices_page,
    invoices_writing,
    jobs,
    overview,
    rule_editor,
    rule_looks,
    rules,
    settings,
    settings_calendar,
    settings_domains,
    settings_groups,
    settings_keys,
    settings_organization,
    settings_senders,
    settings_users,
    settings_webhooks,
    sign_in,
    single_sign_on,
    template_previews,
    templates,
    views,
)
_OF_THE_API = ("/v1", "/healthz")


class WebApp(FastAPI):
    """An application whose every answer is secured, whoever gives it."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the whole of it, with the headers around what answers errors."""
        web: Web = self.state.web
        is_https = (web.public_url or "").startswith("https:")
        return SecureAnswers(super().build_middleware_stack(), is_https=is_https)


def make_web(web: Web) -> WebApp:
    """Return the pages on a ledger."""
    app = WebApp(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.web = web
    app.add_route(f"{PREFIX}/{{path:path}}", web.assets.answer, methods=["GET"], include_in_schema=False)
    for page in PAGES:
        # As they are: to include a router is to analyze all its routes once more, and to match each request twice.
        app.router.routes.extend(page.router.routes)
    faults.install(app)
    return app


class Site:
    """Lets the API answer what is below /v1, and the pages all the rest: neither's middleware sees the other's."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self.api = api
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        path: str = scope.get("path", "")
        is_for_api = any(path == start or path.startswith(f"{start}/") for start in _OF_THE_API)
        await (self.api if is_for_api else self.pages)(scope, receive, send)
