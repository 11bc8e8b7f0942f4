"""Paths of the page; each answers itself, none redirects."""

from django.urls import path, re_path

from dashboard import imports, views

app_name = "dashboard"

urlpatterns = [
    path("", views.page, name="home"),
    path("dashboard/", views.page, name="page"),
    path("dashboard", views.page),
    re_path(r"^dashboard/imports/?$", imports.imports, name="imports"),
    re_path(r"^dashboard/imports/(?P<number>[0-9]{1,18})/?$", imports.one_import, name="import"),
    path("dashboard/dashboard/", views.page),
    path("dashboard/dashboard", views.page),
]
