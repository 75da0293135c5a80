"""The API under /api/v1, by the NLGov API Design Rules: one file per noun."""

from service.api.application import make_api

__all__ = ["make_api"]
