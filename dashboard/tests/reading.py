"""Reading a page as its visitors do."""

import re

from django.test import Client


def text_of(client: Client, path: str = "/dashboard/", **query: str) -> str:
    """What a reader sees at a path, without markup and with single spaces."""
    response = client.get(path, query)
    assert response.status_code == 200, response.content
    markup = re.sub(r"<(template|script).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", markup).replace("\N{NO-BREAK SPACE}", " ").split())
