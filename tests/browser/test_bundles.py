"""The committed scripts that come from npm are what npm's pinned packages give."""

import re
import shutil
import subprocess

import pytest

from tools.bundles import __main__ as maker

AWAY = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH")


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_committed_scripts_are_what_the_pinned_packages_give(tmp_path):
    try:
        maker.bundle(tmp_path)
    except subprocess.CalledProcessError as error:
        if AWAY.search(error.stderr):
            pytest.skip("npm's registry does not answer")
        raise
    for name in maker.NAMES:
        assert (tmp_path / name).read_bytes() == (maker.STATIC / name).read_bytes(), (
            "run python -m tools.bundles"
        )
