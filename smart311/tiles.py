"""Where map tiles come from: the one other host that pages may ask."""

from __future__ import annotations


def tile_sources(url: str) -> list[str]:
    """Sources for the content security policy: `https://*.tile.example`; none if tiles are ours.

    `url` is an address with `{z}`, `{x}` and `{y}`, and perhaps `{s}` for one of several hosts.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return []
    host = rest.partition("/")[0]
    return [f"{scheme}://{host.replace('{s}', '*')}"]
