"""Settings: asks what the domain of a sender has published."""

from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from console.web.guard import needs, page_router
from console.web.pages.settings_senders import PATH, show_senders
from console.web.settings_frame import refused
from console.web.visit import Visiting
from console.web.words import N_
from db.operations.audit import Acting
from db.operations.refusal import Refused
from db.queries.access import Role
from intake.domain_checks import look_at_domain
from mailer.domain_names import Unanswered

NOTED = (N_("domain checked"), N_("domain"), N_("SPF"), N_("DKIM"), N_("DMARC"))
VALUES = (N_("ok"), N_("unseen"), N_("wrong"), N_("unanswered"))
Line = Annotated[str, Form(max_length=300)]
router = page_router()


@router.post(f"{PATH}/domain", **needs(Role.ADMIN))
def look_up(visit: Visiting, domain: Line, selector: Line = "") -> Response:
    """Ask what a domain has published; it takes some seconds, and no transaction is open meanwhile."""
    web, user = visit.web, visit.user
    acting = Acting(user.email, user.user_id, visit.address or None)
    with refused() as why:
        try:
            names = web.names()
        except Unanswered as error:
            raise Refused("this machine names no name servers") from error
        look_at_domain(web.engine, names, web.way_out, domain, selector, acting, visit.now)
    if why:
        return show_senders(visit, problem=why[0])
    return visit.go(f"{PATH}#domains", said=visit.text("%(domain)s was looked up.", domain=domain))
