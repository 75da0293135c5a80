"""Opens many sealed numbers at once: AES-SIV (RFC 5297) of a whole column, as the library does it for one text.

Asking the library a hundred thousand times takes longer than reading the rows in which the numbers stand. A number is
shorter than a block of AES, so each step of AES-SIV is one block, and a column of them two calls. The library itself
seals, and opens whatever is not opened here.
"""

from base64 import b64decode
from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.cmac import CMAC
from numpy.typing import NDArray

DIGITS = 9
_BLOCK = 16
_SEALED = _BLOCK + DIGITS  # the tag, and as many bytes as there are digits
_SIGNS = 34  # of base64; two more fill them up to whole bytes, so that texts behind each other stay apart

Blocks = NDArray[np.uint8]


class Opener:
    """Opens numbers of nine digits that were sealed with this key and one text of `about`."""

    def __init__(self, key: bytes, about: bytes) -> None:
        half = len(key) // 2
        # The bare block cipher, of which CMAC and counter mode consist; no text is enciphered by it as it is.
        self._mac, self._stream = (Cipher(AES(part), ECB()) for part in (key[:half], key[half:]))  # noqa: S305  # nosec B305
        nothing = bytes(_BLOCK)
        whole_block = _doubled(_blocks(self._mac, nothing).tobytes())  # what CMAC adds to a last block that is whole
        begun = _xor(_doubled(_cmac(key[:half], nothing)), _cmac(key[:half], about))
        ending = bytes(DIGITS) + b"\x80" + bytes(_BLOCK - DIGITS - 1)
        self._added = np.frombuffer(_xor(_xor(_doubled(begun), whole_block), ending), np.uint8)

    def open(self, kept: Sequence[str]) -> list[str] | None:
        """The numbers of these texts of base64, without its `=`; None unless every one of them is as it was sealed."""
        padded = np.full((len(kept), _SIGNS + 2), ord("A"), np.uint8)
        try:
            padded[:, :_SIGNS] = np.frombuffer("".join(kept).encode("ascii"), np.uint8).reshape(-1, _SIGNS)
            rows = np.frombuffer(b64decode(padded.tobytes(), b"-_", validate=True), np.uint8).reshape(
                -1, (_SIGNS + 2) * 3 // 4
            )
        except ValueError:
            return None
        tags = rows[:, :_BLOCK]
        counters = tags.copy()
        counters[:, (8, 12)] &= 0x7F
        blocks = np.zeros((len(kept), _BLOCK), np.uint8)
        blocks[:, :DIGITS] = rows[:, _BLOCK:_SEALED] ^ _blocks(self._stream, counters)[:, :DIGITS]
        if not np.array_equal(_blocks(self._mac, blocks ^ self._added), tags):
            return None
        numbers: list[str] = blocks[:, :DIGITS].copy().view(f"S{DIGITS}").astype(f"U{DIGITS}").ravel().tolist()
        return numbers


def _blocks(cipher: Cipher[ECB], content: bytes | Blocks) -> Blocks:
    content = content if isinstance(content, bytes) else content.tobytes()
    return np.frombuffer(cipher.encryptor().update(content), np.uint8).reshape(-1, _BLOCK)


def _cmac(key: bytes, content: bytes) -> bytes:
    made = CMAC(AES(key))
    made.update(content)
    return made.finalize()


def _doubled(block: bytes) -> bytes:
    """Times x in the field of RFC 5297, 2.3."""
    value = int.from_bytes(block) << 1
    return ((value ^ 0x87 if value >> 128 else value) & (2**128 - 1)).to_bytes(_BLOCK)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
