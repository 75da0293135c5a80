"""A pack as it is kept: its messages and the figures of which they were made, as JSON.

The messages are kept beside the figures, and not made of them anew: whoever opens a pack in a later year reads the
sentences and the definitions of its files, also when this program says it otherwise by then. So what is kept must stay
readable: in `exports.packs.parts` a new field has a default, and the values of `Soort`, `Vorm` and `Kind` stay.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from exports.packs.parts import Pack, Said

_PACK, _SAID = TypeAdapter(Pack), TypeAdapter(Said)


def freeze(
    pack: Pack, counted: Mapping[str, Any], earlier: Mapping[str, Any] | None, said: Said | None
) -> dict[str, Any]:
    """All of an edition. counted, earlier: the figures as JSON. said: what the sessie knew, of the edition within the
    project only."""
    return {
        "pakket": _PACK.dump_python(pack, mode="json"),
        "cijfers": counted,
        "eerder": earlier,
        "gezegd": None if said is None else _SAID.dump_python(said, mode="json"),
    }


def thaw(kept: Mapping[str, Any]) -> Pack:
    """The pack of what `freeze` gave."""
    return _PACK.validate_python(kept["pakket"], strict=False)
