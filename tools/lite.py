"""Build the live book: JupyterLite with every chapter, and the `cnnlab` wheel of this very tree.

    python -m tools.lite                # into _build/html/live; Python comes from Pyodide's distribution
    python -m tools.lite --self-hosted  # _build/site: the whole book, which asks no other host for anything

Both builds use the files that `runtime.json` lists. The first one serves only those that Pyodide's own
distribution does not have in exactly this form, and names the others by their address there; a browser
compares each with its sha256. Nothing is fetched before the reader asks for a live chapter.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from jupyter_core.paths import jupyter_path

from tools import runtime
from tools.normalise import VIEW

ROOT = Path(__file__).resolve().parent.parent
# The part of Pyodide's own lock that the book needs, as it is: what each package needs, and its hash there.
LOCK = Path(__file__).with_name("pyodide-lock.json")
PAGES = Path(__file__).with_name("live")
BOOK = ROOT / "book"
HTML = ROOT / "_build" / "html"
SITE = ROOT / "_build" / "site"

# Where the browser keeps a reader's changed copies. It stays the same from edition to edition.
STORAGE = "cnnlab live book"
# The apps of JupyterLite: a chapter is a notebook, a link to a Markdown page opens in the editor.
APPS = ("notebooks", "edit")
EXTENSIONS = (
    "@jupyter-widgets/jupyterlab-manager",
    "@jupyterlite/pyodide-kernel-extension",
    "anywidget",
    "jupyterlab-myst",
)
DISABLED = (
    # It only mirrors files into Python, and makes every import slower for it.
    "@jupyterlite/application-extension:service-worker-manager",
    # These lead to parts of JupyterLite, or to files, that this site does not have.
    "@jupyter-notebook/application-extension:logo",
    "@jupyter-notebook/notebook-extension:checkpoints",
    "@jupyter-notebook/notebook-extension:open-tree-tab",
    "@jupyter-notebook/notebook-extension:tab-icon",
    "@jupyterlite/notebook-application-extension:logo",
)
KERNEL = "@jupyterlite/pyodide-kernel-extension"
# Loaded while Python starts: what the kernel needs, and what every chapter imports.
PRELOADED = (
    "micropip",
    "piplite",
    "ipykernel",
    "comm",
    "pyodide-kernel",
    "jedi",
    "ipython",
    "cnnlab",
)
# What the listed packages need of each other; Pyodide's own lock knows it for its own packages.
ADDED = {
    "anywidget": ["ipywidgets", "psygnal", "typing-extensions"],
    "cnnlab": ["anywidget", "ipywidgets", "matplotlib", "numpy"],
    "comm": [],
    "ipykernel": [],
    "ipywidgets": ["comm", "ipython", "traitlets", "widgetsnbextension"],
    "piplite": ["micropip"],
    "psygnal": [],
    "pyodide-kernel": ["comm", "ipython"],
    "widgetsnbextension": [],
}
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 3},
}


def normalized(name):
    """Return a package's name as an index writes it: `pyodide_kernel` -> `pyodide-kernel`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def labextension(name):
    """Return the installed folder of a JupyterLab extension."""
    for folder in jupyter_path("labextensions"):
        if Path(folder, name, "package.json").is_file():
            return Path(folder, name)
    raise FileNotFoundError(f"the JupyterLab extension {name} is not installed: install requirements.txt")


def kernel_wheels():
    """Return the wheels that the Pyodide kernel brings, the newest of each name."""
    index = json.loads((labextension(KERNEL) / "static/pypi/all.json").read_text(encoding="utf-8"))
    newest = [list(package["releases"].values())[-1][0]["filename"] for package in index.values()]
    return [labextension(KERNEL) / "static/pypi" / name for name in newest]


def build_wheel(folder):
    """Build the `cnnlab` wheel of the working tree into `folder` and return its path."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if finished.returncode:
        raise RuntimeError(f"the cnnlab wheel was not built:\n{finished.stderr}")
    wheel = next(Path(folder).glob("cnnlab-*.whl"))
    if not wheel.name.endswith("-py3-none-any.whl"):
        raise RuntimeError(
            f"expected a pure wheel that every platform and the browser take, got {wheel.name}"
        )
    return wheel


def locked(wheel):
    """Return the lock entry of a wheel file: name, version, hash, and the names that it can be imported by."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        fields = HeaderParser().parsestr(archive.read(metadata).decode())
    tops = {name.split("/")[0] for name in names if name.endswith("/__init__.py")}
    tops |= {name[:-3] for name in names if "/" not in name and name.endswith(".py")}
    return {
        "name": fields["Name"],
        "version": fields["Version"],
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": runtime.sha256(wheel),
        "package_type": "package",
        "imports": sorted(tops),
        "depends": ADDED[normalized(fields["Name"])],
        "unvendored_tests": False,
    }


def lock(original, files, wheels, distribution=None):
    """Return Pyodide's lock with this book's packages in it.

    `files` maps the names of the runtime's files to their sha256, `wheels` are the packages to add. With
    `distribution`, a file that has the original's hash is named by its address there; any other stands
    beside the lock.
    """
    packages = {}
    for name, package in original["packages"].items():
        file, listed = package["file_name"], files[package["file_name"]]
        away = distribution is not None and listed == package["sha256"]
        packages[name] = {**package, "file_name": distribution + file if away else file, "sha256": listed}
    for wheel in wheels:
        entry = locked(wheel)
        packages[normalized(entry["name"])] = entry
    return {**original, "packages": dict(sorted(packages.items()))}


def needed(packages, names):
    """Return `names` and all that they depend on, in the order in which they are first met."""
    by_name = {normalized(name): package for name, package in packages.items()}
    found = []

    def visit(name):
        if name not in found:
            found.append(name)
            for other in by_name[name]["depends"]:
                visit(normalized(other))

    for name in names:
        visit(normalized(name))
    return found


def write_runtime(target, wheel, self_hosted):
    """Fill `target` with the lock and the files that it names beside it.

    Returns the address of `pyodide.mjs` and the list of files, each with `url` and `size`, that a first
    visit fetches; addresses are relative to the live site.
    """
    listed = json.loads(runtime.LIST.read_text(encoding="utf-8"))
    distribution = None if self_hosted else listed["distribution"]
    original = json.loads(LOCK.read_text(encoding="utf-8"))
    files = {file["name"]: file["sha256"] for file in listed["files"]}
    source = runtime.runtime(None if self_hosted else not_distributed(original, files))
    sizes = {file["name"]: file["size"] for file in listed["files"]}
    wheels = [*(source / name for name in files if _is_added(name)), *kernel_wheels(), wheel]
    written = lock(original, files, wheels, distribution)
    # The wheel keeps its name from edition to edition; a folder of its own keeps it out of the browser's
    # cache of the last one, which the hash in the lock would refuse.
    book = written["packages"]["cnnlab"]
    book["file_name"] = f"{book['sha256'][:12]}/{book['file_name']}"
    (target / book["file_name"]).parent.mkdir(parents=True)
    (target / "pyodide-lock.json").write_text(json.dumps(written, sort_keys=True), encoding="utf-8")

    core = ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip"]
    order = needed(written["packages"], PRELOADED)
    by_name = {normalized(name): package for name, package in written["packages"].items()}
    fetched = []
    base = distribution or "static/pyodide/"
    for name in core:
        fetched.append({"url": base + name, "size": sizes[name]})
        if self_hosted:
            shutil.copyfile(source / name, target / name)
    added = {path.name: path for path in wheels}
    for package in (by_name[name] for name in order):
        name = package["file_name"]
        if name.startswith("https://"):
            fetched.append({"url": name, "size": sizes[name.rpartition("/")[2]]})
            continue
        path = added.get(name.rpartition("/")[2], source / name)
        shutil.copyfile(path, target / name)
        fetched.append({"url": f"static/pyodide/{name}", "size": path.stat().st_size})
    return base + core[0], fetched


def not_distributed(original, files):
    """Return the names of the wheels that Pyodide's own distribution does not have in the listed form."""
    there = {package["file_name"]: package["sha256"] for package in original["packages"].values()}
    return {name for name, sha256 in files.items() if name.endswith(".whl") and there.get(name) != sha256}


def _is_added(name):
    return name.endswith(".whl") and normalized(name.split("-")[0]) in ADDED


def edition(notebook):
    """Return a short name for what a notebook's cells say; it does not change when they are run.

    FNV-1a (32 bit) over the types and the texts of the cells, which `live/storage.js` computes alike.
    """
    value = 0x811C9DC5
    for cell in notebook["cells"]:
        for byte in f"{cell['cell_type']}\0{''.join(cell['source'])}\x01".encode():
            value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{value:08x}"


def live_notebook(notebook, name):
    """Return a chapter's notebook as the live site serves it.

    The kernel is JupyterLite's, the committed outputs count as trusted (the site is their author), and what
    the page folds is folded here too: the source and the output of a cell tagged `hide-cell`, the one or
    the other for `hide-input` and `hide-output`. A widget has no model before its cell runs: until then its
    still is shown.
    """
    cells = []
    for cell in notebook["cells"]:
        cell, metadata = dict(cell), dict(cell["metadata"])
        tags = set(metadata.get("tags", []))
        if cell["cell_type"] == "code":
            metadata["trusted"] = True
            folded = dict(metadata.get("jupyter", {}))
            if tags & {"hide-cell", "hide-input"}:
                folded["source_hidden"] = True
            if tags & {"hide-cell", "hide-output"}:
                folded["outputs_hidden"] = True
            if folded:
                metadata["jupyter"] = folded
            cell["outputs"] = [_without_view(output) for output in cell["outputs"]]
        cells.append({**cell, "metadata": metadata})
    metadata = {
        **notebook["metadata"],
        "kernelspec": {"name": "python", "display_name": "Python (Pyodide)", "language": "python"},
        "cnnlab_live": {"chapter": name, "edition": edition(notebook)},
    }
    metadata.pop("widgets", None)
    return {**notebook, "cells": cells, "metadata": metadata}


def _without_view(output):
    data = output.get("data", {})
    if VIEW not in data or "text/html" not in data:
        return output
    return {**output, "data": {kind: value for kind, value in data.items() if kind != VIEW}}


def title_of(notebook):
    """Return the text of the first heading, or an empty string."""
    for cell in notebook["cells"]:
        for line in "".join(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" and line.startswith("# "):
                return line[2:].strip()
    return ""


def write_contents(notebooks, target):
    """Write the live notebooks of the folder `notebooks`, and the Markdown pages beside them, to `target`.

    Returns for each chapter its title and its edition.
    """
    target.mkdir(parents=True)
    chapters = {}
    for path in sorted(notebooks.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        text = json.dumps(live_notebook(notebook, path.stem), ensure_ascii=False, indent=1)
        (target / path.name).write_text(text, encoding="utf-8")
        chapters[path.stem] = {"title": title_of(notebook), "edition": edition(notebook)}
    for path in sorted(notebooks.glob("*.md")):
        shutil.copyfile(path, target / path.name)
    return chapters


def lite_config(pyodide, preloaded):
    """Return the content of `jupyter-lite.json`."""
    kernel = {
        "pyodideUrl": pyodide if "://" in pyodide else f"./{pyodide}",
        "disablePyPIFallback": "://" not in pyodide,
        "loadPyodideOptions": {"lockFileURL": "static/pyodide/pyodide-lock.json", "packages": preloaded},
    }
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "Backpropagation in convolutional networks, live",
            "appUrl": "./notebooks",
            "contentsStorageName": STORAGE,
            "settingsStorageName": f"{STORAGE} settings",
            "exposeAppInBrowser": True,
            "disabledExtensions": DISABLED,
            "litePluginSettings": {f"{KERNEL}:kernel": kernel},
        },
    }


def run_jupyterlite(lite, contents, output):
    """Run `jupyter lite build` with the files in `lite` and `contents`."""
    config = {
        "contents": [str(contents)],
        "output_dir": str(output),
        "apps": APPS,
        "federated_extensions": [str(labextension(name)) for name in EXTENSIONS],
        "ignore_sys_prefix": True,
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "source_date_epoch": 315532800,
    }
    (lite / "jupyter_lite_config.json").write_text(json.dumps({"LiteBuildConfig": config}), encoding="utf-8")
    command = [sys.executable, "-m", "jupyter", "lite", "build", "--lite-dir", str(lite)]
    finished = subprocess.run(command, cwd=lite, capture_output=True, text=True)
    if finished.returncode:
        raise RuntimeError(f"JupyterLite was not built:\n{finished.stdout[-3000:]}{finished.stderr[-3000:]}")


def add_pages(output, chapters, fetched):
    """Put the opening page and the bar above the notebook into the site, and what both need to know."""
    for path in PAGES.iterdir():
        shutil.copyfile(path, output / path.name)
    version = hashlib.sha256(json.dumps(fetched).encode()).hexdigest()[:12]
    known = {"storage": STORAGE, "runtime": version, "files": fetched, "chapters": chapters}
    (output / "chapters.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    bar = '<link rel="stylesheet" href="../live.css"><script type="module" src="../bar.js"></script>'
    insert(output / "notebooks" / "index.html", "</head>", f"{bar}</head>")
    # JupyterLite reads its configuration from this file too, so it stays, and only leads elsewhere.
    insert(output / "index.html", "<head>", '<head><script>location.replace("open.html")</script>')


def insert(path, mark, replacement):
    """Replace the one `mark` in a page of JupyterLite."""
    text = path.read_text(encoding="utf-8")
    if text.count(mark) != 1:
        raise RuntimeError(f"{path} has no single {mark}: JupyterLite changed, look at tools/lite.py")
    path.write_text(text.replace(mark, replacement), encoding="utf-8")


def fingerprint(notebooks, wheel, self_hosted):
    """Return a hash of everything that the live site is made of."""
    paths = [*notebooks.glob("*.ipynb"), *notebooks.glob("*.md"), *PAGES.iterdir(), wheel]
    paths += [runtime.LIST, LOCK, Path(__file__), ROOT / "requirements.txt"]
    parts = [f"{self_hosted}", *(f"{path.name} {runtime.sha256(path)}" for path in sorted(paths))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def build(output, notebooks=BOOK, pages="../book/", self_hosted=False):
    """Build the live site of the notebooks in a folder into `output`; return whether there was work to do.

    `pages` is the address of the chapters' static pages, relative to the live site.
    """
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        wheel = build_wheel(scratch)
        stamp = fingerprint(notebooks, wheel, self_hosted)
        if (output / "built").is_file() and (output / "built").read_text(encoding="utf-8") == stamp:
            return False
        shutil.rmtree(output, ignore_errors=True)
        lite = scratch / "lite"
        pyodide, fetched = write_runtime(lite / "runtime", wheel, self_hosted)
        chapters = write_contents(notebooks, scratch / "contents")
        for name, chapter in chapters.items():
            chapter["page"] = f"{pages}{name}.html"
        preloaded = list(PRELOADED)
        (lite / "jupyter-lite.json").write_text(json.dumps(lite_config(pyodide, preloaded)), encoding="utf-8")
        (lite / "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        run_jupyterlite(lite, scratch / "contents", scratch / "built")
        shutil.copytree(lite / "runtime", scratch / "built" / "static" / "pyodide", dirs_exist_ok=True)
        add_pages(scratch / "built", chapters, fetched)
        (scratch / "built" / "built").write_text(stamp, encoding="utf-8")
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(scratch / "built", output)
    return True


def size_of(folder):
    """Return the bytes of all files in a folder."""
    return sum(os.path.getsize(path) for path in folder.rglob("*") if path.is_file())


def main(argv=None):
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.lite", description="Build the live book.")
    parser.add_argument("--self-hosted", action="store_true", help="the whole book, needing no other host")
    parser.add_argument("--book", type=Path, default=HTML, help="the built book (default: _build/html)")
    parser.add_argument("--notebooks", type=Path, default=BOOK, help="the chapters (default: book)")
    options = parser.parse_args(argv)
    site = options.book
    try:
        if options.self_hosted:
            site = SITE
            shutil.rmtree(site / "book", ignore_errors=True)
            shutil.copytree(options.book, site, ignore=shutil.ignore_patterns("live"), dirs_exist_ok=True)
        fresh = build(site / "live", options.notebooks, self_hosted=options.self_hosted)
    except (runtime.RuntimeRefused, RuntimeError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    what = "built" if fresh else "up to date"
    print(
        f"live book {what}: {site / 'live'}, {size_of(site / 'live') / 1e6:.1f} MB of {size_of(site) / 1e6:.1f} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
