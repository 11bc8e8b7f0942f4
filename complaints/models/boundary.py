"""Where districts end."""

from django.db import models

from complaints.models.reference import District


class DistrictBoundary(models.Model):
    """The area of a district, in a table of its own: districts are read often, areas seldom."""

    district = models.OneToOneField(
        District, on_delete=models.CASCADE, primary_key=True, related_name="boundary"
    )
    polygon = models.BinaryField(help_text="WKB of a polygon or multipolygon, degrees, WGS 84")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "district boundaries"

    def __str__(self) -> str:
        return f"boundary of {self.district_id}"
