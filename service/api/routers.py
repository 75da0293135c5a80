"""Every router of the API, in the order of the OpenAPI document."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

ROUTERS: Sequence[APIRouter] = ()
TAGS: list[dict[str, Any]] = []
