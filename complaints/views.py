"""The read-only part of `/api/v1/`: complaints and what they refer to."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view

from complaints.access import ComplaintPermission
from complaints.filing import FilingMixin
from complaints.history import HistoryMixin
from complaints.lifecycle_views import LifecycleMixin
from complaints.listing import LIST_DOCUMENTATION, FilteredListMixin
from complaints.models import Agency, City, Complaint, ComplaintType, District
from complaints.seen import SeenComplaintSerializer
from complaints.serializers import (
    AgencySerializer,
    CitySerializer,
    ComplaintSerializer,
    ComplaintTypeSerializer,
    DistrictSerializer,
)
from smart311.pagination import InOrderPagination
from smart311.viewsets import ReferenceViewSet


@extend_schema_view(
    list=extend_schema(summary="Complaints, newest first", parameters=LIST_DOCUMENTATION),
    retrieve=extend_schema(
        summary="One complaint",
        description="Whoever filed it with a key, and staff who work on it, see the description "
        "and the picture as they were filed; the former, and managers, see the reporter too.",
        responses=SeenComplaintSerializer,
    ),
)
class ComplaintViewSet(FilingMixin, LifecycleMixin, HistoryMixin, FilteredListMixin):
    """Complaints with the promise that was made for each."""

    queryset = Complaint.objects.with_names().select_related("city")
    serializer_class = ComplaintSerializer
    permission_classes = (ComplaintPermission,)
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9a-f]{20}"


@extend_schema_view(
    list=extend_schema(summary="Complaint types"),
    retrieve=extend_schema(summary="One complaint type"),
)
class ComplaintTypeViewSet(ReferenceViewSet[ComplaintType]):
    """What complaints can be about."""

    queryset = ComplaintType.objects.active().select_related("city", "agency")
    serializer_class = ComplaintTypeSerializer
    pagination_class = InOrderPagination
    lookup_field = "code"


@extend_schema_view(
    list=extend_schema(summary="Agencies"), retrieve=extend_schema(summary="One agency")
)
class AgencyViewSet(ReferenceViewSet[Agency]):
    """City departments that work complaints."""

    queryset = Agency.objects.select_related("city")
    serializer_class = AgencySerializer
    pagination_class = InOrderPagination
    lookup_field = "code"


@extend_schema_view(
    list=extend_schema(summary="Cities"), retrieve=extend_schema(summary="One city")
)
class CityViewSet(ReferenceViewSet[City]):
    """Cities with their zone and box."""

    queryset = City.objects.all()
    serializer_class = CitySerializer
    pagination_class = InOrderPagination
    lookup_field = "slug"


@extend_schema_view(
    list=extend_schema(summary="Districts"), retrieve=extend_schema(summary="One district")
)
class DistrictViewSet(ReferenceViewSet[District]):
    """Named areas: boroughs and community boards."""

    queryset = District.objects.select_related("city", "parent")
    serializer_class = DistrictSerializer
    pagination_class = InOrderPagination
    lookup_field = "code"
