"""Programs that no Python package brings: `python3 -m tools.programs chromium` says whether one is here, and how to get it.

Run by the make targets that need one, before anything else is set up. Uses the standard library only.
"""

import shutil
import sys

# The Debian package, and the names under which its program may be on the PATH.
PROGRAMS = {
    "bubblewrap": ("bwrap",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "default-jre-headless": ("java",),
    "firefox-esr": ("firefox-esr", "firefox"),
    "webkit2gtk-driver": ("WebKitWebDriver",),
    "xvfb": ("Xvfb",),
}
LINUX_ONLY = {"bubblewrap", "webkit2gtk-driver", "xvfb"}


def find(package):
    """The path of the package's program, or None."""
    return next((path for path in map(shutil.which, PROGRAMS[package]) if path), None)


def install(*packages):
    """The command that installs packages on Debian and Ubuntu."""
    return f"apt-get install {' '.join(packages)}"


def missing(packages, platform=sys.platform):
    """Those of the packages that are not here although they exist for this platform."""
    exist = [package for package in packages if platform == "linux" or package not in LINUX_ONLY]
    return [package for package in exist if find(package) is None]


def explanation(*packages):
    """What to tell somebody about those of the packages that are missing; empty if none is."""
    absent = missing(packages)
    names = " and ".join(f"{package} ({' or '.join(PROGRAMS[package])})" for package in absent)
    return f"Not on the PATH: {names}. On Debian and Ubuntu, as root: {install(*absent)}" if absent else ""


def main(packages=None):
    """End with an explanation if a package is missing."""
    text = explanation(*(sys.argv[1:] if packages is None else packages))
    if text:
        sys.exit(text)


if __name__ == "__main__":
    main()
