"""Image columns: which types are taken, and the thumbnail that is kept with the record.

Source: "Use image column data".
"""

from __future__ import annotations

import io
import warnings

SIDE = 144
MIME_TYPES = {
    "GIF": "image/gif",
    "JPEG": "image/jpeg",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "PNG": "image/png",
}


_SIGNATURES = {
    b"\x89PNG": "PNG",
    b"\xff\xd8": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II": "TIFF",
    b"MM": "TIFF",
}


class NotAnImage(ValueError):
    """Bytes that are no image of an accepted type."""


def thumbnail(data: bytes) -> tuple[bytes, str]:
    """(thumbnail, MIME type of the image); pixels of the centre square, 144 at most.

    An image that is square and small already is its own thumbnail. Raises NotAnImage.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=tuple(MIME_TYPES)) as image:
                kind = str(image.format)
                side = min(SIDE, *image.size) if max(image.size) <= SIDE else SIDE
                if image.size == (side, side):
                    image.verify()
                    return data, MIME_TYPES[kind]
                small = ImageOps.fit(image.convert("RGBA"), (side, side))
    except Exception as problem:  # Pillow's readers raise what they like for broken files
        raise NotAnImage(str(problem)) from problem
    made = io.BytesIO()
    if kind == "JPEG":
        small.convert("RGB").save(made, "JPEG", quality=90)
    else:
        small.save(made, "PNG")
    return made.getvalue(), MIME_TYPES[kind]


def mime_of(data: bytes) -> str:
    """The MIME type of a stored image, by how it begins."""
    kind = next((kind for sign, kind in _SIGNATURES.items() if data.startswith(sign)), "PNG")
    return MIME_TYPES[kind]
