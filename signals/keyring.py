"""The secret keys of an installation, and what is made of each: one key for every kind of sealing and marking.

Whatever is kept is sealed or marked with a key derived here (HKDF-SHA256, RFC 5869; BIO2 8.24), and says under which.
Form tokens and known devices, of which nothing is kept, use the secret itself, each with a word of its own.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hmac import compare_digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MARK = 4
"""Signs at the start of what is sealed that say under which key it was."""
LENGTH = MARK + 34
"""Signs of a sealed number: the mark, and 25 bytes as base64."""
_WIDTH = 27
"""Bytes that 36 signs of base64 hold: a sealed number, and two that mean nothing."""
_PURPOSE = [b"bsn"]
_NONCE = 12
"""Bytes; random, which is safe for four thousand million contents under one key (NIST SP 800-38D 8.3)."""


class KeyUnknown(RuntimeError):
    """Something lies there under a key that was not given, for something else, or changed: a fault of who runs this."""


@dataclass(frozen=True)
class Key:
    """One secret, from which a key is derived for each kind of sealing."""

    secret: bytes = field(repr=False)

    def derived(self, purpose: str, length: int = 32) -> bytes:
        """A key for one purpose, in bytes; nothing of the secret or of another purpose follows from it."""
        return HKDF(SHA256(), length, None, f"rni {purpose}".encode()).derive(self.secret)

    @cached_property
    def mark(self) -> str:
        """Tells keys apart and says nothing about them."""
        return urlsafe_b64encode(self.derived("merk", 3)).decode()

    @cached_property
    def _cipher(self) -> AESSIV:
        return AESSIV(self.derived("bsn", 64))

    @cached_property
    def _whole(self) -> AESGCM:
        return AESGCM(self.derived("inhoud"))

    def stamp(self, content: bytes, purpose: str) -> str:
        """HMAC-SHA256 of the content under the key for this purpose, 64 hexadecimal digits."""
        return hmac.new(self.derived(purpose), content, "sha256").hexdigest()

    def seal_bytes(self, content: bytes, about: str = "") -> bytes:
        """The content as it is kept. about: what it belongs to, so that a copy elsewhere does not open."""
        nonce = secrets.token_bytes(_NONCE)
        return self.mark.encode() + nonce + self._whole.encrypt(nonce, content, about.encode())

    def open_bytes(self, kept: bytes, about: str = "") -> bytes:
        """The content that was sealed; InvalidTag when it was changed, or is about something else."""
        return self._whole.decrypt(kept[MARK : MARK + _NONCE], kept[MARK + _NONCE :], about.encode())

    def seal(self, bsn: str) -> str:
        """The number as it is kept."""
        return self.mark + urlsafe_b64encode(self._cipher.encrypt(bsn.encode(), _PURPOSE)).decode().rstrip("=")

    def open(self, kept: str) -> str:
        """The number that was sealed; InvalidTag when it was changed."""
        text = kept[MARK:]
        return self._cipher.decrypt(urlsafe_b64decode(text + "=" * (-len(text) % 4)), _PURPOSE).decode()

    def open_many(self, kept: Sequence[str]) -> list[str]:
        """The numbers that were sealed under this key; InvalidTag when one was changed."""
        # Each is 34 signs of base64; with two more that mean nothing all of them are read at once.
        joined = urlsafe_b64decode("".join([text[MARK:] + "AA" for text in kept]))
        if len(joined) != _WIDTH * len(kept):
            raise ValueError
        sealed = [joined[start : start + _WIDTH - 2] for start in range(0, len(joined), _WIDTH)]
        return [self._cipher.decrypt(one, _PURPOSE).decode() for one in sealed]


class Keyring:
    """The keys of an installation, the newest first: that one seals, all of them open."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self.keys = tuple(Key(secret) for secret in dict.fromkeys(secrets))
        self._by_mark = {key.mark: key for key in self.keys}
        if len(self._by_mark) != len(self.keys):
            raise KeyUnknown("two keys have the same mark: take another new key")

    @property
    def newest(self) -> Key:
        """The one that seals."""
        if not self.keys:
            raise KeyUnknown("no key was given: signals.keyring.use_keys")
        return self.keys[0]

    def seal(self, bsn: str) -> str:
        """The number as it is kept from now on."""
        return self.newest.seal(bsn)

    def forms(self, bsn: str) -> tuple[str, ...]:
        """How the number may lie there, the newest form first."""
        return tuple(key.seal(bsn) for key in self.keys)

    def open(self, kept: str) -> str:
        """The number that lies there; KeyUnknown without its key."""
        key = self._key(kept[:MARK])
        try:
            return key.open(kept)
        except (InvalidTag, ValueError):
            raise KeyUnknown(f"a number sealed by key {key.mark!r} was changed") from None

    def open_many(self, kept: Sequence[str]) -> list[str]:
        """The numbers that lie there, in their order; KeyUnknown without the key of one."""
        marks = {text[:MARK] for text in kept}
        if len(marks) != 1 or any(len(text) != LENGTH for text in kept):
            return [self.open(text) for text in kept]  # some lie under an older key, or were changed
        key = self._key(marks.pop())
        try:
            return key.open_many(kept)
        except (InvalidTag, ValueError):
            raise KeyUnknown(f"a number sealed by key {key.mark!r} was changed") from None

    def open_bytes(self, kept: bytes, about: str = "") -> bytes:
        """The content that lies there; KeyUnknown without its key."""
        key = self._key(kept[:MARK].decode("ascii", "replace"))
        try:
            return key.open_bytes(kept, about)
        except (InvalidTag, ValueError):
            raise KeyUnknown(f"a content sealed by key {key.mark!r} was changed") from None

    def stamp(self, content: bytes, purpose: str) -> str:
        """Proof that who wrote this had the newest key: its mark, and HMAC-SHA256 in 64 hexadecimal digits."""
        return self.newest.mark + self.newest.stamp(content, purpose)

    def is_stamped(self, stamp: str, content: bytes, purpose: str) -> bool:
        """Whether this content was stamped so; KeyUnknown without its key."""
        return compare_digest(stamp[MARK:].encode(), self._key(stamp[:MARK]).stamp(content, purpose).encode())

    def _key(self, mark: str) -> Key:
        if mark not in self._by_mark:
            raise KeyUnknown(f"no key with mark {mark!r} was given")
        return self._by_mark[mark]


_ring = Keyring(())


def use_keys(secrets: Sequence[bytes]) -> None:
    """From now on this process seals and opens with these secrets, the newest first."""
    global _ring
    _ring = Keyring(secrets)


def keyring() -> Keyring:
    """The keys of this process."""
    return _ring
