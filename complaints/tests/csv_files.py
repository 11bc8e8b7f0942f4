"""Small files in the form of NYC's open data."""

import csv
import gzip
import io
from pathlib import Path

ROW = {
    "unique_key": "1",
    "created_date": "2019-07-10T12:00:00.000",
    "closed_date": "2019-07-10T18:30:00.000",
    "agency": "NYPD",
    "agency_name": "New York City Police Department",
    "complaint_type": "Noise - Residential",
    "descriptor": "Loud Music/Party",
    "location_type": "Residential Building/House",
    "incident_zip": "11368",
    "incident_address": "1 EXAMPLE STREET",
    "community_board": "04 QUEENS",
    "latitude": "40.75",
    "longitude": "-73.85",
    "open_data_channel_type": "PHONE",
    "status": "Closed",
    "resolution_description": "The department responded.",
    "due_date": "",
}
OPEN = {"status": "Open", "closed_date": ""}


def write_csv(path: Path, *changes: dict[str, str], compress: bool = False) -> Path:
    """One row a change of `ROW`; ids count up from 1 unless a change has its own."""
    rows = [ROW | {"unique_key": str(number)} | change for number, change in enumerate(changes, 1)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ROW))
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if compress else content)
    return path
