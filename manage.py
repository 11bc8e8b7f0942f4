#!/usr/bin/env python
"""Django's command line for Smart 311."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    # Training's threads wait for one another: asleep, not spinning. With one of two cores taken by
    # somebody else the sample trains in 40 s instead of 72 s.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smart311.settings")
    execute_from_command_line(sys.argv)
