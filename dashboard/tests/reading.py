"""Reading a page as its visitors do."""

import re
from html import unescape

from django.test import Client


def text_of(client: Client, path: str = "/dashboard/", **query: str) -> str:
    """What a reader sees at a path, without markup and with single spaces."""
    response = client.get(path, query)
    assert response.status_code == 200, response.content
    return plain(response.content.decode())


def plain(page: str) -> str:
    """A page without its markup, with single spaces."""
    markup = re.sub(r"<(template|script).*?</\1>", " ", page, flags=re.DOTALL)
    return unescape(
        " ".join(re.sub(r"<[^>]+>", " ", markup).replace("\N{NO-BREAK SPACE}", " ").split())
    )
