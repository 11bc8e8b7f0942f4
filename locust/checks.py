"""What the bodies of answers must say. Each check gives what is wrong, empty if nothing is."""

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], str]

OK, CREATED, NOT_MODIFIED, REFUSALS = 200, 201, 304, (429, 503)
PROBABILITIES = ("24", "72", "168")
PAGE_TITLE = "<title>"
DASHBOARD = 'id="content"'


def json_of(response: Any) -> Any:
    """The body as JSON, None if it is none."""
    try:
        return response.json()
    except (ValueError, TypeError):
        return None


def is_refusal(response: Any) -> bool:
    """Whether the server asks, as it should, to come back later."""
    after = (response.headers or {}).get("Retry-After") or ""
    return response.status_code in REFUSALS and after.isdigit()


def with_status(expected: int, check: Callable[[Any], str]) -> Check:
    """A check of the JSON of answers with this status; any other status is wrong."""

    def whole(response: Any) -> str:
        if response.status_code != expected:
            return status_wrong(response, expected)
        try:
            return check(json_of(response))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            return f"the answer lacks something: {type(error).__name__} {error}"

    return whole


def status_wrong(response: Any, expected: int) -> str:
    """How a status is told; 0 is no answer at all."""
    if not response.status_code:
        return f"no answer: {response.error}"
    return f"status {response.status_code}, expected {expected}"


def _forecast(body: Any) -> str:
    low, high = body["interval"]["p10"], body["interval"]["p90"]
    median, chances = body["estimated_time"], [body["closed_within"][h] for h in PROBABILITIES]
    if not 0 <= low <= median <= high:
        return "the median does not lie between p10 and p90"
    if not 0 <= chances[0] <= chances[1] <= chances[2] <= 1:
        return "the chances are not probabilities that grow with time"
    return ""


def _list_page(body: Any) -> str:
    rows = body["results"]
    if len({row["id"] for row in rows}) != len(rows):
        return "a complaint is twice on the page"
    if any((row["status"] == "closed") != bool(row["closed_at"]) for row in rows):
        return "a complaint is closed without a time, or open with one"
    return ""


def _complaint_rows(body: Any) -> str:
    return _list_page(body) if body["results"] else "the list is empty"


def _statistics(body: Any) -> str:
    total = body["total"]
    if total["complaints"] != total["open"] + total["closed"]:
        return "open and closed do not add up to all"
    if sum(group["complaints"] for group in body["groups"]) != total["complaints"]:
        return "the groups do not add up to the total"
    return ""


def _remaining(body: Any) -> str:
    return "" if isinstance(body, dict) and body else "the forecast is empty"


def _open311(field: str) -> Callable[[Any], str]:
    return lambda body: "" if body and all(row[field] for row in body) else f"no {field}"


forecast = with_status(OK, _forecast)
list_page = with_status(OK, _list_page)
"""May be empty."""
complaint_rows = with_status(OK, _complaint_rows)
statistics = with_status(OK, _statistics)
remaining = with_status(OK, _remaining)
live = with_status(OK, lambda body: "" if body["cards"] and body["as_of"] else "no figures")
open311_services = with_status(OK, _open311("service_code"))
open311_requests = with_status(OK, _open311("service_request_id"))
open311_changes = with_status(
    OK, lambda body: "" if all(row["service_request_id"] for row in body) else "no id"
)
"""May be none."""


def complaint(public_id: str) -> Check:
    """That complaint and no other."""
    return with_status(OK, lambda body: "" if body["id"] == public_id else "another complaint")


def forecasts(count: int) -> Check:
    """So many forecasts, each a good one."""

    def each(body: Any) -> str:
        if len(body) != count:
            return f"{len(body)} forecasts for {count} questions"
        return next(filter(None, map(_forecast, body)), "")

    return with_status(OK, each)


def filed(mark: str, code: str) -> Check:
    """The complaint that was sent, stored."""

    def same(body: Any) -> str:
        if (body["address"], body["complaint_type"]) != (mark, code):
            return "the answer is about another complaint"
        return "" if body["id"] and body["status"] == "open" else "it has no id or is not open"

    return with_status(CREATED, same)


def page(words: str) -> Check:
    """A page of HTML that has these words."""

    def whole(response: Any) -> str:
        if response.status_code != OK:
            return status_wrong(response, OK)
        text = response.text or ""
        if PAGE_TITLE not in text or words not in text:
            return f"the page lacks {words!r}"
        return ""

    return whole


def unless_unchanged(check: Check) -> Check:
    """304 without a body is fine as well."""

    def whole(response: Any) -> str:
        if response.status_code == NOT_MODIFIED:
            return "a 304 has a body" if response.content else ""
        return check(response)

    return whole
