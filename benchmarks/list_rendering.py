"""How much faster a page of complaints is rendered than by a plain ModelSerializer.

In one run, in a database of its own that is removed again: the query and the rendering of a page,
both ways, taken in turns. Prints the best of the rounds in milliseconds, and their ratio.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smart311.settings")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100, help="complaints a page (100)")
    parser.add_argument("--rounds", type=int, default=200, help="times each way (200)")
    arguments = parser.parse_args()

    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        measure(arguments.rows, arguments.rounds)
    finally:
        teardown_databases(databases, verbosity=0)


def measure(rows: int, rounds: int) -> None:
    """Fill the tables, time both ways, print."""
    from rest_framework.renderers import JSONRenderer

    from complaints.filters import ComplaintFilter
    from complaints.paging import PageRequest, in_order
    from complaints.rendering import (
        KEY_COLUMNS,
        PROMISE_COLUMNS,
        RenderedPage,
        public_complaints,
        render,
    )
    from complaints.serializers import ComplaintSerializer
    from complaints.tests.factories import make_complaint, make_district

    for number in range(rows):
        make_complaint(
            closed_after_hours=number or None,
            district=make_district(),
            descriptor="Loud Music/Party",
            address="5 CRESCENT STREET",
            resolution="The Police Department responded and took action to fix the condition.",
            promised_median_hours=2.5,
            promised_p10_hours=0.5,
            promised_p90_hours=9.5,
            promised_by="nyc-1",
        )
    chosen = ComplaintFilter("nyc")

    def plain() -> bytes:
        found = in_order(chosen.rows(), "-created_at").with_names().select_related("city")
        data = {"results": ComplaintSerializer(found[:rows], many=True).data}
        return JSONRenderer().render(data)

    def fast() -> bytes:
        page = PageRequest(size=rows).cut(chosen.rows(), (*KEY_COLUMNS, *PROMISE_COLUMNS))
        return render(RenderedPage(None, None, public_complaints(page.rows)))

    best = {plain: float("inf"), fast: float("inf")}
    for _ in range(rounds):
        for way in best:
            start = time.process_time()
            way()
            best[way] = min(best[way], time.process_time() - start)
    print(f"plain ModelSerializer   {best[plain] * 1000:7.2f} ms CPU for {rows} rows")
    print(f"columns and msgspec     {best[fast] * 1000:7.2f} ms CPU")
    print(f"ratio                   {best[plain] / best[fast]:7.1f}")


if __name__ == "__main__":
    main()
