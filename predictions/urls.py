"""Paths of forecasts."""

from django.urls import re_path

from predictions.views import ModelVersionViewSet, PredictionViewSet
from smart311.routers import EitherSlashRouter

router = EitherSlashRouter()
router.register("models", ModelVersionViewSet)

predict = PredictionViewSet.as_view({"get": "retrieve"})

paths = [
    re_path(r"^predict/(?P<complaint_type>.+?)/?$", predict, name="predict"),
    re_path(r"^predict_async/(?P<complaint_type>.+?)/?$", predict, name="predict-async"),
]
