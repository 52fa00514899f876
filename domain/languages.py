"""The languages that somebody wants, in order of preference."""


def wanted(stated: str) -> list[str]:
    """The tags (BCP 47) of a list as in `Accept-Language`, the most wanted first: `fr-CA, th` is fr-ca, then th.

    In lower case, with hyphens; what a browser says of their weight is left out.
    """
    tags = (tag.partition(";")[0].strip().replace("_", "-").lower() for tag in stated.split(","))
    return [tag for tag in tags if tag]


def readings(tag: str) -> tuple[str, str]:
    """By what a language is looked for: the whole tag, then its language alone."""
    return tag, tag.partition("-")[0]
