"""Fetch a package when something imports it, and not before."""

import hashlib
import importlib
import io
import sysconfig
import zipfile
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path


class Packages:
    """The last of Python's finders: it fetches the wheel of a module that no other finder has.

    offered   for each wheel {"name", "imports", "url", "size", "sha256"}; "imports" are the top-level modules that it brings
    fetch     (package) -> the bytes of the wheel; it raises OSError with words for a reader
    folder    where wheels are unpacked, Python's own folder for packages if None

    So a figure needs no list of what to load: the first one that is drawn imports matplotlib, and whatever matplotlib
    imports comes by the same way. A wheel whose hash is another is refused.
    """

    def __init__(
        self, offered: Sequence[dict], fetch: Callable[[dict], bytes], folder: str | None = None
    ) -> None:
        self.fetch = fetch
        self.folder = Path(folder or sysconfig.get_path("purelib"))
        self.offered = {name: package for package in offered for name in package["imports"]}

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Called by `import`; None for what is not offered, ImportError if it could not be had."""
        package = self.offered.get(name)
        if package is None:
            return None
        try:
            wheel = self.fetch(package)
        except OSError as error:
            raise ImportError(f"{package['name']} could not be fetched. {error}", name=name) from None
        self.unpack(package, wheel)
        return PathFinder.find_spec(name, [str(self.folder)])

    def unpack(self, package: dict, wheel: bytes) -> None:
        """Put a wheel among the installed packages. Raises ImportError if it is not the one that is offered."""
        if hashlib.sha256(wheel).hexdigest() != package["sha256"]:
            raise ImportError(
                f"{package['name']} came in another form than this book names. Load the page again."
            )
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            archive.extractall(self.folder)
        importlib.invalidate_caches()
