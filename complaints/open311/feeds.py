"""A request list as GeoRSS and as GeoJSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.feedgenerator import Rss201rev2Feed

from complaints.models import City
from complaints.open311.service_requests import ServiceRequest
from smart311.georeport import storable

RSS, GEOJSON = "rss", "geojson"
RSS_TYPE = "application/rss+xml; charset=utf-8"
GEOJSON_TYPE = "application/geo+json"


class GeoRssFeed(Rss201rev2Feed):
    """RSS 2.0 with a point for each item that has a place: http://www.georss.org/simple.html"""

    def rss_attributes(self) -> dict[str, str]:
        """The name space."""
        return {**super().rss_attributes(), "xmlns:georss": "http://www.georss.org/georss"}

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        """The point, latitude first."""
        super().add_item_elements(handler, item)
        if item["point"]:
            handler.addQuickElement("georss:point", item["point"])


def rss(request: HttpRequest, city: City, found: Sequence[ServiceRequest]) -> HttpResponse:
    """The requests as a feed, each linked to its page."""
    feed = GeoRssFeed(
        title=f"311 of {city.name}",
        link=request.build_absolute_uri("/"),
        description="Service requests",
        feed_url=request.build_absolute_uri(),
    )
    for each in found:
        lines = (each.description, each.address, f"Status: {each.status}", each.service_notice)
        feed.add_item(
            title=storable(each.service_name),
            link=request.build_absolute_uri(f"/dashboard/complaints/{each.service_request_id}"),
            description=storable("\n".join(filter(None, lines))),
            unique_id=each.service_request_id,
            unique_id_is_permalink=False,
            pubdate=datetime.fromisoformat(each.requested_datetime),
            updateddate=datetime.fromisoformat(each.updated_datetime),
            categories=(each.service_code,),
            point=None if each.lat is None else f"{each.lat} {each.long}",
        )
    return HttpResponse(feed.writeString("utf-8"), RSS_TYPE)


def geojson(found: Sequence[ServiceRequest]) -> HttpResponse:
    """RFC 7946: a feature for each, whose properties are the request as it is."""
    features = [
        {
            "type": "Feature",
            "id": each.service_request_id,
            "geometry": None
            if each.lat is None
            else {"type": "Point", "coordinates": [each.long, each.lat]},
            "properties": each,
        }
        for each in found
    ]
    body = {"type": "FeatureCollection", "features": features}
    return HttpResponse(msgspec.json.encode(body), GEOJSON_TYPE)
