"""What limits and keys add to a request: CPU of this process, contenders taking turns in one run.

    python benchmarks/limits_cost.py

Uses the database of the settings; each complaint it files is rolled back.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "smart311.settings"
# As many as a key has, so that both take shares equally often and nobody is refused.
os.environ |= {"LIMIT_ANONYMOUS_FILING": "30000", "LIMIT_ANONYMOUS_READING": "60000"}
os.environ["ALLOWED_HOSTS"] = "testserver"

import django

django.setup()

from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from rest_framework.views import APIView

from complaints.models import ComplaintType
from smart311.accounts.models import ApiKey

ROUNDS = 16
EACH = 20


def main() -> None:
    """Print milliseconds a request and the ratio to no limit."""
    kind = ComplaintType.objects.filter(city__slug="nyc").first()
    if kind is None:
        sys.exit("manage.py load_city fixtures/nyc first")
    dice = random.Random(311)  # noqa: S311  (no secret)
    with transaction.atomic():
        secret = ApiKey(user=User.objects.create_user("benchmark"), name="b").issue(timedelta(1))
        for title, send in {
            "GET": lambda client: client.get("/api/v1/complaints/?page_size=20"),
            "POST": lambda client: client.post(
                "/api/v1/complaints/",
                # Far apart: none is the possible duplicate of another.
                {
                    "complaint_type": kind.code,
                    "latitude": dice.uniform(40.55, 40.9),
                    "longitude": dice.uniform(-74.1, -73.75),
                },
                content_type="application/json",
            ),
        }.items():
            report(title, send, secret)
        transaction.set_rollback(True)


def report(title: str, send: Callable[[Client], Any], secret: str) -> None:
    """Compare nobody without limits, nobody, and a key."""
    nobody, program = Client(), Client(headers={"Authorization": f"Bearer {secret}"})
    limits = APIView.get_throttles
    contenders = {
        "no limits": (nobody, lambda view: []),
        "limits": (nobody, limits),
        "limits and a key": (program, limits),
    }
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, (client, throttles) in contenders.items():
            APIView.get_throttles = throttles  # type: ignore[method-assign]
            began_at = time.process_time()
            for _ in range(EACH):
                if (status := send(client).status_code) >= 300:
                    sys.exit(f"{title}: got {status}")
            spent[name].append((time.process_time() - began_at) / EACH * 1000)
    APIView.get_throttles = limits  # type: ignore[method-assign]
    base = min(spent["no limits"])
    for name, figures in spent.items():
        found = min(figures)
        print(f"{title:10} {name:18} {found:6.3f} ms  × {found / base:.3f}")


if __name__ == "__main__":
    main()
