"""Build the live site: JupyterLite with every chapter and problem set, the browser's Python, and `cnnlab`'s wheel."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.book import digest
from tools.live import runtime, sheets
from tools.live.notebooks import write_contents, write_sheets

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
PAGES = Path(__file__).with_name("pages")
# What the site is made from; while it stays the same, there is nothing to build.
SOURCES = [
    BOOK,
    ROOT / "src",
    sheets.SOURCE,
    sheets.COURSE / "nbgrader_config.py",
    Path(__file__).parent,
    *(ROOT / name for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE")),
]

# Where the browser keeps a reader's changed copies. It stays the same from edition to edition.
STORAGE = "cnnlab live book"
# The apps of JupyterLite: a chapter is a notebook, a link to a Markdown page opens in the editor.
APPS = ("notebooks", "edit")
# What a first visit fetches of JupyterLab's own files: bytes, so that readers are told; a browser test compares.
LAB = 10_500_000
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", runtime.KERNEL, "anywidget", "jupyterlab-myst")
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
# What a page's own Python has before it runs anything.
AT_FIRST = ("numpy", "cnnlab")
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 3},
}


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


def served_lock(wheel, distribution):
    """Return the lock with the `cnnlab` wheel in it, and with Pyodide's own wheels at the address `distribution`.

    The wheel keeps its name from edition to edition; a folder of its own keeps it out of the browser's
    cache of the last one, which the hash in the lock would refuse.
    """
    sha256 = runtime.sha256(wheel)
    packages = {
        name: {**package, "file_name": at(distribution, package["file_name"])}
        for name, package in runtime.LOCK["packages"].items()
    }
    packages["cnnlab"] = {
        "name": "cnnlab",
        "version": wheel.name.split("-")[1],
        "file_name": f"{sha256[:12]}/{wheel.name}",
        "sha256": sha256,
        "imports": ["cnnlab"],
        "depends": ["anywidget", "ipywidgets", "matplotlib", "numpy"],
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }
    return {**runtime.LOCK, "packages": packages}


def at(distribution, name):
    """Return the full address of a file of Pyodide's own; any other stands beside the lock."""
    return distribution + name if name in runtime.LIST["sizes"] else name


def needed(packages, first):
    """The names of some packages of a lock and of all that they depend on."""
    found = set()
    while first := set(first) - found:
        found |= first
        first = {name for one in first for name in packages[one]["depends"]}
    return found


def in_a_page(lock, files):
    """What a page's own Python is told, `live/python.json`: Pyodide's files, and the packages that code may import.

    files   the list that `write_runtime` returns
    Those marked `first` are there before any code runs. Widgets and IPython's display are `cnnlab`'s own in a page, so
    JupyterLab's packages are not offered.
    """
    by_name = {file["url"].rpartition("/")[2]: file for file in files}
    packages = [
        {
            "name": name,
            "imports": lock["packages"][name]["imports"],
            **by_name[lock["packages"][name]["file_name"].rpartition("/")[2]],
            "first": name in AT_FIRST,
        }
        for name in [*sorted(needed(lock["packages"], ["numpy", "matplotlib"])), "cnnlab"]
    ]
    return {
        "info": lock["info"],
        "core": [by_name[name] for name in runtime.LIST["core"]],
        "packages": packages,
    }


def write_runtime(target, wheel, self_hosted):
    """Fill `target` with the lock and the files that it names beside it.

    Returns the list of files, each with `url`, `size` and `sha256`, that a first visit fetches, `pyodide.mjs` first, and
    what `in_a_page` says of them; addresses are relative to the live site.
    """
    distribution = "" if self_hosted else runtime.LIST["distribution"]
    source = runtime.fetch(own=self_hosted)
    lock = served_lock(wheel, distribution)
    book = target / lock["packages"]["cnnlab"]["file_name"]
    book.parent.mkdir(parents=True)
    shutil.copyfile(wheel, book)
    with_the_kernel = runtime.with_the_kernel()
    fetched = []
    files = {at(distribution, name): sha256 for name, sha256 in runtime.LIST["core"].items()}
    files |= {package["file_name"]: package["sha256"] for package in lock["packages"].values()}
    for name, sha256 in files.items():
        path = target / name
        if distribution and name.startswith(distribution):
            size = runtime.LIST["sizes"][name.removeprefix(distribution)]
            fetched.append({"url": name, "size": size, "sha256": sha256})
            continue
        if path != book:
            shutil.copyfile(with_the_kernel.get(name, source / name), path)
        fetched.append({"url": f"static/pyodide/{name}", "size": path.stat().st_size, "sha256": sha256})
    (target / "pyodide-lock.json").write_text(json.dumps(lock, sort_keys=True), encoding="utf-8")
    return fetched, in_a_page(lock, fetched)


def lite_config(pyodide):
    """Return the content of `jupyter-lite.json`; `pyodide` is the address of `pyodide.mjs`."""
    elsewhere = pyodide.startswith("https://")
    kernel = {
        "pyodideUrl": pyodide if elsewhere else f"./{pyodide}",
        "disablePyPIFallback": not elsewhere,
        "loadPyodideOptions": {"lockFileURL": "static/pyodide/pyodide-lock.json", "packages": PRELOADED},
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
            "litePluginSettings": {f"{runtime.KERNEL}:kernel": kernel},
        },
    }


def run_jupyterlite(lite, contents, output):
    """Run `jupyter lite build` with the files in `lite` and `contents`."""
    config = {
        "contents": [str(contents)],
        "output_dir": str(output),
        "apps": APPS,
        "federated_extensions": [str(runtime.labextension(name)) for name in EXTENSIONS],
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
    shutil.copytree(PAGES, output, dirs_exist_ok=True)
    version = hashlib.sha256(json.dumps(fetched).encode()).hexdigest()[:12]
    known = {"storage": STORAGE, "runtime": version, "files": fetched, "lab": LAB, "chapters": chapters}
    (output / "chapters.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    bar = '<link rel="stylesheet" href="../live.css"><script type="module" src="../bar.js"></script>'
    insert(output / "notebooks" / "index.html", "</head>", f"{bar}</head>")
    # JupyterLite reads its configuration from this file too, so it stays, and only leads elsewhere.
    insert(output / "index.html", "<head>", '<head><script>location.replace("open.html")</script>')


def add_downloads(folder, released, wheel):
    """Put the sheets and the wheel where the page *Problem sets* offers them."""
    folder.mkdir()
    for name, text in released.items():
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
    shutil.copyfile(wheel, folder / wheel.name)


def insert(path, mark, replacement):
    """Replace the one `mark` in a page of JupyterLite."""
    text = path.read_text(encoding="utf-8")
    if text.count(mark) != 1:
        raise RuntimeError(f"{path} has no single {mark}: JupyterLite changed, look at tools/live/site.py")
    path.write_text(text.replace(mark, replacement), encoding="utf-8")


def build(output, self_hosted=False):
    """Build the live site into `output`; return whether there was work to do."""
    stamp = f"{digest(SOURCES)} {self_hosted}"
    if (output / "built").is_file() and (output / "built").read_text(encoding="utf-8") == stamp:
        return False
    shutil.rmtree(output, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        lite, contents, made = (Path(scratch, name) for name in ("lite", "contents", "made"))
        wheel = build_wheel(scratch)
        fetched, in_page = write_runtime(lite / "runtime", wheel, self_hosted)
        released = {path.stem: sheets.released(path) for path in sheets.paths()}
        chapters = write_contents(BOOK, contents) | write_sheets(released, contents)
        config = lite_config(fetched[0]["url"])
        (lite / "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
        (lite / "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        run_jupyterlite(lite, contents, made)
        shutil.copytree(lite / "runtime", made / "static" / "pyodide", dirs_exist_ok=True)
        add_pages(made, chapters, fetched)
        (made / "python.json").write_text(json.dumps(in_page, indent=1) + "\n", encoding="utf-8")
        add_downloads(made / "sheets", released, wheel)
        (made / "built").write_text(stamp, encoding="utf-8")
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(made, output)
    return True
