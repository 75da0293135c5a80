"""Keys of the log, derived from the secret keys of the installation: one for each purpose, and known by a name.

What is written is marked with the newest; what older keys marked stays true as long as they stand in RNI_SECRET_KEYS.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property

from signals import keyring


class Purpose(StrEnum):
    """What a key is for; the value is part of what it is derived from, so it never changes."""

    ENTRY = "logregel"
    CHAIN = "keten"
    SUBJECT = "betrokkene"


@dataclass(frozen=True)
class Key:
    """A derived key; nothing of the key follows from its name."""

    name: str
    secret: bytes = field(repr=False)

    def mark(self, content: bytes) -> str:
        """HMAC-SHA256 of the content, 64 hexadecimal digits."""
        made = self._begun.copy()  # begun once for each key: half of the time of a short content
        made.update(content)
        return made.hexdigest()

    @cached_property
    def _begun(self) -> hmac.HMAC:
        return hmac.new(self.secret, digestmod="sha256")


def newest(purpose: Purpose) -> Key:
    """The key to mark with."""
    return derived(keyring.keyring().newest, purpose)


def known(purpose: Purpose) -> Sequence[Key]:
    """Every key that may have marked something, newest first."""
    return [derived(key, purpose) for key in keyring.keyring().keys]


@cache
def derived(of: keyring.Key, purpose: Purpose) -> Key:
    """What marks for this purpose, known by the mark of the secret it was made of."""
    return Key(of.mark, of.derived(purpose))
