"""Begin a page's Python: what the worker's script calls, once."""

import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

from cnnlab.inpage.packages import Packages
from cnnlab.inpage.session import PageSession
from cnnlab.inpage.shown import stand_in


def begin(offered: str, fetch: Callable[[str], Any], post: Callable[[str], None]) -> PageSession:
    """A session whose outputs go to `post`, each as JSON, and whose imports may fetch what is `offered`.

    offered   the packages of `cnnlab.inpage.packages`, as JSON
    fetch     (name of a package) -> a JavaScript buffer, or None if it could not be had
    """

    def wheel(package: dict) -> bytes:
        buffer = fetch(package["name"])
        if buffer is None:
            raise OSError("Is the network there? Run the cell again when it is.")
        return buffer.to_bytes()

    session = PageSession(lambda output: post(json.dumps(output)))
    sys.meta_path.append(Packages(json.loads(offered), wheel))
    sys.modules.update(stand_in(session.display, session.clear_output))
    # `plt.show()` has no window to open here: open figures are shown when their cell ends.
    warnings.filterwarnings("ignore", ".* is non-interactive, and thus cannot be shown", UserWarning)
    return session
