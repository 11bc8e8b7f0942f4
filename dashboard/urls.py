"""Paths of the page; each answers itself, none redirects."""

from django.urls import path

from dashboard import views

app_name = "dashboard"

urlpatterns = [
    path("", views.page, name="home"),
    path("dashboard/", views.page, name="page"),
    path("dashboard", views.page),
    path("dashboard/dashboard/", views.page),
    path("dashboard/dashboard", views.page),
]
