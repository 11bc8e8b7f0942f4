"""Paths of accounts."""

from django.urls import re_path

from smart311.accounts.views import MeView

paths = [re_path(r"^me/?$", MeView.as_view(), name="me")]
