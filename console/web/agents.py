"""What browsers call themselves, in words that people know."""

# The first that is found counts: each browser names those it wants to be taken for, too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_CHARACTERS_MAX = 60


def agent_name(user_agent: str | None) -> str:
    """Return browser and system, such as Firefox, Windows; the beginning of what it says of itself if unknown."""
    if not user_agent:
        return ""
    # A program that drives a browser says so in its name.
    known = user_agent.replace("HeadlessChrome/", "Chrome/")
    names = (next((name for sign, name in signs if sign in known), None) for signs in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in names if name is not None) or user_agent[:_CHARACTERS_MAX]
