"""Staff at work in the admin."""

import random
import re
from typing import Any
from urllib.parse import urlencode

import checks
from locust.exception import StopTest
from users import CityUser

from locust import task

LOGIN = "/admin/login/"
QUEUE = "/admin/complaints/complaint/"
CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
ROW = re.compile(rf'href="({QUEUE}\d+/change/)')
QUEUE_WORDS = 'id="changelist'
FOUND = 302


class Staff(CityUser):
    """Logs in, looks at the queue, opens complaints. Runs where a login is given."""

    fixed_count = 1
    needs = LOGIN

    def on_start(self) -> None:
        super().on_start()
        self.rows: list[str] = []
        options: Any = self.environment.parsed_options
        page = self.ask(LOGIN, checks.page("csrfmiddlewaretoken"))
        token = None if page is None else CSRF.search(page.text)
        if not token:
            raise StopTest("the admin's login page has no form")
        fields = {
            "csrfmiddlewaretoken": token[1],
            "username": options.staff_user,
            "password": options.staff_password,
            "next": QUEUE,
        }
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"{self.host}{LOGIN}",
        }
        name = f"{LOGIN} (log in)"
        data = urlencode(fields)
        if self.send("POST", LOGIN, _is_let_in, name, data=data, headers=headers) is None:
            raise StopTest(f"the admin does not let {options.staff_user} in")

    @task(3)
    def queue(self) -> None:
        page = self.ask(QUEUE, checks.page(QUEUE_WORDS))
        self.rows = self.rows if page is None else ROW.findall(page.text)

    @task(2)
    def complaint(self) -> None:
        """Open one of the queue."""
        if self.rows:
            name = f"{QUEUE}{{id}}/change/"
            self.ask(random.choice(self.rows), checks.page("csrfmiddlewaretoken"), name)
        else:
            self.queue()


def _is_let_in(response: Any) -> str:
    """Django answers a wrong password with the form again."""
    return "" if response.status_code == FOUND else checks.status_wrong(response, FOUND)
