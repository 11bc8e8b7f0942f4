"""Paths of forecasts."""

from django.urls import re_path

from predictions.batch_views import PredictionBatchViewSet
from predictions.views import ModelVersionViewSet, PredictionViewSet
from smart311.routers import EitherSlashRouter

router = EitherSlashRouter()
router.register("models", ModelVersionViewSet)
router.register("predictions", PredictionBatchViewSet, basename="prediction")

predict = PredictionViewSet.as_view({"get": "retrieve"})

paths = [
    re_path(r"^predict/(?P<complaint_type>.+?)/?$", predict, name="predict"),
    re_path(r"^predict_async/(?P<complaint_type>.+?)/?$", predict, name="predict-async"),
]
