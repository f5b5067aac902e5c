"""ZIP files that are the same, byte for byte, whenever they are made of the same."""

from collections.abc import Mapping
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_BEGINNING = (1980, 1, 1, 0, 0, 0)
# To pack again what is packed already takes time and saves nothing.
_PACKED = (".woff2", ".png", ".zip", ".whl", ".gz", ".epub", ".snapshot", ".code")


def packed(files: Mapping[str, bytes], first: str = "") -> bytes:
    """Return a ZIP file of these files in the order of their names; the `first` stands first, and as it is."""
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        for name in sorted(files, key=lambda name: (name != first, name)):
            entry = ZipInfo(name, _BEGINNING)
            entry.external_attr = 0o644 << 16
            entry.compress_type = ZIP_STORED if name == first or name.endswith(_PACKED) else ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=6)
    return stream.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the files of a ZIP file."""
    with ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
