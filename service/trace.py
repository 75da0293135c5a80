"""The trace of one processing (W3C Trace Context): new, or of who calls with a token, and given with the answer."""

import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

HEADER = "traceparent"
_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")


def new_span() -> str:
    """The id of one action within a trace: 16 hexadecimal digits, never only zeros."""
    return secrets.token_hex(7) + f"{secrets.randbelow(255) + 1:02x}"


@dataclass(frozen=True)
class Trace:
    """One processing, in which several actions may be. `parent`: the action elsewhere that asked for it."""

    trace_id: str = field(default_factory=lambda: new_span() + new_span())
    parent: str | None = None
    span_id: str = field(default_factory=new_span)
    begun: float = field(default_factory=time.monotonic, compare=False)

    @classmethod
    def asked(cls, headers: Sequence[str], *, begun: float) -> "Trace":
        """The one that a request names in its header; a new one when it names none, several, or none that can be."""
        found = _FORM.fullmatch(headers[0].strip()) if len(headers) == 1 else None
        if found is None:
            return cls(begun=begun)
        version, trace_id, parent, more = found.groups()
        impossible = version == "ff" or (version == "00" and more) or not (trace_id.strip("0") and parent.strip("0"))
        return cls(begun=begun) if impossible else cls(trace_id, parent, begun=begun)

    @property
    def header(self) -> str:
        """To be given with the answer; the flag says that it was recorded."""
        return f"00-{self.trace_id}-{self.span_id}-01"

    def lasted(self) -> int:
        """Milliseconds since it began."""
        return round((time.monotonic() - self.begun) * 1000)
