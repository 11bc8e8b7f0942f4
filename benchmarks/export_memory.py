"""How much memory an export of many complaints takes, and how long.

In a database of its own that is removed again: fills the table with one INSERT … SELECT from
generate_series, streams both exports, prints rows, seconds, bytes and how far memory grew.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smart311.settings")

FILL = """
INSERT INTO complaints_complaint (
    city_id, complaint_type_id, agency_id, descriptor, location_type, description, status,
    created_at, latitude, longitude, cell, address, zip, channel, source, resolution, promised_by)
SELECT %(city)s, %(kind)s, %(agency)s, 'Loud Music/Party', '', '', 'open',
    '2019-01-01'::timestamptz + n * interval '30 s', 40.5 + n %% 400 * 0.001, -73.9,
    617733151092113407 + n %% 1000, n || ' CRESCENT STREET', '10001', 'phone', 'simulation',
    'The Police Department responded and took action to fix the condition.', ''
FROM generate_series(1, %(rows)s) AS n
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="complaints (1,000,000)")
    arguments = parser.parse_args()

    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        measure(arguments.rows)
    finally:
        teardown_databases(databases, verbosity=0)


def measure(rows: int) -> None:
    """Fill the table, stream both exports, print."""
    import psutil
    from django.db import connection

    from complaints.exports import csv_file, geojson_file
    from complaints.filters import ComplaintFilter
    from complaints.paging import in_order
    from complaints.tests.factories import make_type

    kind = make_type()
    start = time.perf_counter()
    with connection.cursor() as cursor:
        # Events are not what is measured.
        cursor.execute("ALTER TABLE complaints_complaint DISABLE TRIGGER USER")
        values = {"city": kind.city_id, "kind": kind.pk, "agency": kind.agency_id, "rows": rows}
        cursor.execute(FILL, values)
        cursor.execute("ANALYZE complaints_complaint")
    print(f"{rows} rows stored in {time.perf_counter() - start:.1f} s", flush=True)
    process = psutil.Process()
    for write in (csv_file, geojson_file):
        before = most = process.memory_info().rss
        size, start = 0, time.perf_counter()
        for chunk in write(in_order(ComplaintFilter("nyc").rows(), "-created_at")):
            size += len(chunk)
            most = max(most, process.memory_info().rss)
        seconds = time.perf_counter() - start
        print(
            f"{write.__name__:12} {seconds:6.1f} s {size / 1e6:7.1f} MB, "
            f"memory grew by {(most - before) / 1e6:.1f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
