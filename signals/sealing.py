"""How a burgerservicenummer lies in the database: sealed, so that who gets hold of the file or a back-up reads none.

AES-SIV gives the same text for the same number under the same key, so that rows of one person are still found and
joined by equality (RFC 5297; BIO2 8.24). Whole texts and files in which a number may stand are sealed by AES-GCM, each
time otherwise. Of one person the numbers of all cases lie there under one key: see service.keys.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Dialect, LargeBinary, String, Text, TypeDecorator, type_coerce
from sqlalchemy.sql import operators

from signals.keyring import LENGTH, MARK, KeyUnknown, keyring


class SealedBytes(TypeDecorator[bytes]):
    """A column with a file in which numbers may stand."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Sealed under the newest key."""
        return None if value is None else keyring().newest.seal_bytes(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """As it was given."""
        return None if value is None else keyring().open_bytes(bytes(value))


class SealedJson(TypeDecorator[Any]):
    """A column with what somebody delivered or filled in, in which a number may stand; as JSON in Python."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Sealed under the newest key."""
        return None if value is None else sealed_text(json.dumps(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """As it was given."""
        return None if value is None else json.loads(unsealed_text(value))


def mark_of(kept: str | bytes) -> str:
    """Under which key it was sealed, of a value as a column keeps it."""
    if isinstance(kept, str):
        # A number begins with the mark; a whole text is base64 of bytes that do.
        return kept[:MARK] if len(kept) <= LENGTH else urlsafe_b64decode(kept[: 2 * MARK])[:MARK].decode()
    return bytes(kept[:MARK]).decode()


def sealed_text(text: str, about: str = "") -> str:
    """A text as a column keeps it. about: what it belongs to, when a copy elsewhere must not open."""
    return urlsafe_b64encode(keyring().newest.seal_bytes(text.encode(), about)).decode()


def unsealed_text(kept: str, about: str = "") -> str:
    """The text that a column keeps; KeyUnknown when it was not sealed like this."""
    try:
        content = urlsafe_b64decode(kept)
    except ValueError:
        raise KeyUnknown("a sealed text was changed") from None
    return keyring().open_bytes(content, about).decode()


class SealedBsn(TypeDecorator[str]):
    """A column with a burgerservicenummer: nine digits in Python, sealed in the database, compared by equality only."""

    impl = String(LENGTH)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Sealed under the newest key."""
        return None if value is None else keyring().seal(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """As it was given."""
        return None if value is None else keyring().open(value)

    class Comparator(TypeDecorator.Comparator[str]):
        """A number that is looked for may lie there under any of the keys."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> ColumnElement[Any]:
            """As for any text, but for a number given as such."""
            match op, other:
                case (operators.eq | operators.ne, (str(bsn),)):
                    sought: Iterable[str] = [bsn]
                case (operators.in_op | operators.not_in_op, ([*several],)):
                    sought = several
                case (operators.in_op | operators.not_in_op, (set() | frozenset() as several,)):
                    sought = several
                case _:
                    return super().operate(op, *other, **kwargs)
            found = kept(self.expr).in_(forms(sought))
            return ~found if op in (operators.ne, operators.not_in_op) else found

    comparator_factory = Comparator


def kept(column: ColumnElement[Any]) -> ColumnElement[str]:
    """The column as it lies there, for statements that must not open or seal."""
    return type_coerce(column, String(LENGTH))


def forms(bsns: Iterable[str]) -> list[str]:
    """Every form in which one of these numbers may lie there."""
    return [form for bsn in bsns for form in keyring().forms(bsn)]


def opened(texts: Sequence[str]) -> list[str]:
    """The numbers of these texts as they lie there."""
    return keyring().open_many(texts)
