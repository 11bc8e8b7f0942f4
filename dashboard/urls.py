"""Paths of the pages; each answers itself, none redirects."""

from django.urls import path, re_path

from dashboard import complaint_page, how_long, imports, model_page, parts, views

app_name = "dashboard"

urlpatterns = [
    path("", views.page, name="home"),
    path("dashboard/", views.page, name="page"),
    path("dashboard", views.page),
    re_path(r"^dashboard/parts/heat/?$", parts.heat, name="heat"),
    re_path(r"^dashboard/parts/repeats/?$", parts.repeats, name="repeats"),
    re_path(r"^dashboard/parts/compare/?$", parts.compare, name="compare"),
    re_path(r"^dashboard/places\.json/?$", parts.places, name="places"),
    re_path(r"^dashboard/outlines\.json/?$", parts.outlines, name="outlines"),
    re_path(r"^dashboard/live\.json/?$", parts.live, name="live"),
    re_path(r"^dashboard/how-long/?$", how_long.page, name="how-long"),
    re_path(r"^dashboard/how-long/answer/?$", how_long.answer, name="answer"),
    re_path(r"^dashboard/model/?$", model_page.page, name="model"),
    re_path(r"^dashboard/complaints/(?P<id>[^/]+)/?$", complaint_page.page, name="complaint"),
    re_path(r"^dashboard/imports/?$", imports.imports, name="imports"),
    re_path(r"^dashboard/imports/(?P<number>[0-9]{1,18})/?$", imports.one_import, name="import"),
    path("dashboard/dashboard/", views.page),
    path("dashboard/dashboard", views.page),
]
