"""Words that the ledger keeps and pages show: they are here so that the catalogues have them."""


def N_(message: str) -> str:  # noqa: N802  # gettext's own name for what is translated later
    """Return the message as it is; the catalogues get to know it."""
    return message


# What the audit log says was done, and about what.
VERBS = (
    N_("signed in"),
    N_("signed out"),
    N_("session ended"),
    N_("password changed"),
    N_("language changed"),
    N_("role changed"),
    N_("user added"),
    N_("user changed"),
    N_("user deactivated"),
    N_("group added"),
    N_("group changed"),
    N_("group deleted"),
)
KINDS = (N_("user"), N_("group"))
ROLES = (N_("owner"), N_("admin"), N_("member"))
DETAILS = (N_("how"), N_("was"), N_("role"), N_("locale"), N_("changed"), N_("members"), N_("joined"), N_("left"))
VALUES = (N_("password"), N_("provider"), N_("browser"), N_("name"), N_("phone"), N_("signature"))
