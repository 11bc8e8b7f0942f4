"""Paths of complaints: `/api/v1/…` and the classic ones."""

from django.urls import re_path

from complaints import views
from complaints.classic import ExpectedTimeViewSet, HourlyCountViewSet, InputViewSet
from complaints.export_views import CsvExportView, GeoJsonExportView
from complaints.import_views import ImportViewSet
from complaints.statistics.views import ComparisonView, StatisticsCsvView, StatisticsView
from smart311.routers import EitherSlashRouter

router = EitherSlashRouter()
router.register("complaints", views.ComplaintViewSet)
router.register("complaint-types", views.ComplaintTypeViewSet)
router.register("agencies", views.AgencyViewSet)
router.register("cities", views.CityViewSet)
router.register("districts", views.DistrictViewSet)
router.register("imports", ImportViewSet)

exports = [
    re_path(r"^complaints\.csv/?$", CsvExportView.as_view(), name="complaints-csv"),
    re_path(r"^complaints\.geojson/?$", GeoJsonExportView.as_view(), name="complaints-geojson"),
]

statistics = [
    re_path(r"^statistics/?$", StatisticsView.as_view(), name="statistics"),
    re_path(r"^statistics\.csv/?$", StatisticsCsvView.as_view(), name="statistics-csv"),
    re_path(r"^statistics/compare/?$", ComparisonView.as_view(), name="statistics-compare"),
]

expected_time = ExpectedTimeViewSet.as_view({"get": "retrieve"})

# An official name may hold a slash (Noise - Street/Sidewalk), so a type is everything up to the
# last one; what is more specific comes first.
classic = [
    re_path(r"^input/?$", InputViewSet.as_view({"post": "create"}), name="input"),
    re_path(r"^complaints/time/(?P<complaint_type>.+?)/?$", expected_time, name="expected-time"),
    re_path(
        r"^complaints/all/(?P<complaint_type>.+?)/time/?$", expected_time, name="expected-time-all"
    ),
    re_path(
        r"^complaints/noise/(?P<kind>[^/]+)/time/?$",
        ExpectedTimeViewSet.as_view({"get": "noise"}),
        name="expected-time-noise",
    ),
    re_path(
        r"^complaints/(?P<complaint_type>.+?)/?$",
        HourlyCountViewSet.as_view({"get": "retrieve"}),
        name="hourly-count",
    ),
]
