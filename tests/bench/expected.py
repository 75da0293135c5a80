"""The counts that a right load of a delivery of the benchmark has."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Expected:
    """What became of every row: taken in, double or rejected, and why."""

    geleverd: int = 0
    geaccepteerd: int = 0
    dubbel: int = 0
    afgekeurd: int = 0
    zaken: int = 0
    redenen: dict[str, int] = field(default_factory=Counter)
    waarschuwingen: dict[str, int] = field(default_factory=Counter)

    def accept(self, adresbronnen: Collection[str], joining: int = 0) -> None:
        """Rows with these sources of their address are taken in, so many of them in a case that is there."""
        size = len(adresbronnen)
        self.geleverd += size
        self.geaccepteerd += size
        self.zaken += size - joining
        self.waarschuwingen["adres_van_werkgever"] += sum(source == "WERKGEVER" for source in adresbronnen)
        self.waarschuwingen["bsn_heeft_lopende_zaak"] += joining

    def double(self, code: str, rows: int) -> None:
        """So many rows change nothing."""
        self.geleverd += rows
        self.dubbel += rows
        self.redenen[code] += rows

    def reject(self, code: str, rows: int) -> None:
        """So many rows have this fault and no other."""
        self.geleverd += rows
        self.afgekeurd += rows
        self.redenen[code] += rows

    def require(self, told: Mapping[str, Any]) -> None:
        """Raise AssertionError unless a load tells exactly these counts, and nothing changed or withdrawn."""
        for name, count in (vars(self) | {"gewijzigd": 0, "ingetrokken": 0}).items():
            if isinstance(count, dict):  # a small delivery has not every fault
                count = {code: rows for code, rows in count.items() if rows}
            assert told[name] == count, f"{name}: {told[name]}, expected {count}"
