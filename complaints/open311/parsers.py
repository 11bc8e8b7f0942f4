"""Bodies of GeoReport v2: forms, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import parse_qsl

from django.http import QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from smart311.parsers import check_charset, decode_utf8, read_body

MOST_FIELDS = 500


class StrictFormParser(BaseParser):
    """A form in UTF-8, whole; Django's own reading would replace bytes that are none."""

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> QueryDict:
        """The fields. Raises ParseError."""
        check_charset(media_type or "")
        text = decode_utf8(read_body(stream, parser_context))
        try:
            pairs = parse_qsl(
                text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
            )
        except UnicodeDecodeError as error:
            raise ParseError("The form is not UTF-8.") from error
        except ValueError as error:
            raise ParseError(f"The form has more than {MOST_FIELDS} fields.") from error
        form = QueryDict(mutable=True)
        for name, value in pairs:
            form.appendlist(name, value)
        return form
