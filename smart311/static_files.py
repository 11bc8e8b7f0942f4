"""How static files are stored."""

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class GzipManifestStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names and gzip, no Brotli: at its best level that alone took over a minute."""

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """WhiteNoise's compressor without Brotli."""
        return super().create_compressor(**kwargs, use_brotli=False)
