"""The plain Django REST framework beside which filing is measured: `gunicorn benchmarks.bare_drf`.

What `startproject` and the framework's tutorial give: their middleware, a ModelSerializer and
CreateModelMixin, on our table with the columns that filing a complaint stores.
"""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.bare_settings"

import django

django.setup()

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path
from rest_framework import mixins, serializers, viewsets

from complaints.models import Complaint

PROMISE = ("promised_median_hours", "promised_p10_hours", "promised_p90_hours")


class BareSerializer(serializers.ModelSerializer):
    """The columns that filing a complaint stores."""

    class Meta:
        model = Complaint
        fields = (
            "city", "complaint_type", "agency", "district", "descriptor", "description",
            "created_at", "latitude", "longitude", "cell", "address", "zip", "media_url",
            "channel", "source", *PROMISE, "promised_by",
        )  # fmt: skip
        extra_kwargs = {name: {"read_only": False} for name in (*PROMISE, "promised_by")}


class BareViewSet(mixins.CreateModelMixin, viewsets.GenericViewSet):
    """Create and nothing else."""

    queryset = Complaint.objects.all()
    serializer_class = BareSerializer


urlpatterns = [
    path("complaints/", BareViewSet.as_view({"post": "create"})),
    path("healthz", lambda request: HttpResponse()),
]
application = get_wsgi_application()
