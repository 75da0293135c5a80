"""A file brought to a folder on somebody's SFTP server: there it has its name when it is whole, and not before.

Its bytes go under a temporary name in the same folder; only the rename, one deed of the server, gives it its own. The
temporary name holds the digest of the content, so two who bring the same write the same bytes in the same places, and
neither can spoil the work of the other. The server is known by its key, which is settled beforehand.
"""

import asyncio
import hashlib
import posixpath
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

import asyncssh
import pyrage
from asyncssh import SFTPClient, SSHClientConnection, SSHKey

from service.beside import waited_for
from service.settings import Misconfigured, Settings
from signals.errors import Reason

asyncssh.set_log_level("WARNING")  # at INFO it tells of every connection who came in where

CONNECT_SECONDS = 20
"""How long the server may take to answer, and again to let us in."""
SILENT_SECONDS, SILENT_TIMES = 15, 4
"""After so many seconds without a sign the server is asked for one; unanswered so often, it is gone."""
WHOLE_SECONDS = 25 * 60
"""How long one file may take from the moment that we are in."""
PIECE = 1 << 20
"""Bytes between two looks at whether all still goes well."""
KINDS = (
    *("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    *("rsa-sha2-512", "rsa-sha2-256"),
)
"""Of keys that a server may show."""
LONGEST_FAULT = 300
_BROKEN = "De verbinding met de SFTP-server viel weg, of het duurde te lang."


class NotBrought(Exception):
    """The file is not there under its name. `again`: the next attempt may do better without a person."""

    def __init__(self, fault: str, *, again: bool = True) -> None:
        super().__init__(fault)
        self.fault, self.again = fault[:LONGEST_FAULT], again


@dataclass(frozen=True)
class Target:
    """Where files are brought, and the keys by which both sides are known."""

    host: str
    port: int
    user: str
    folder: str
    key: SSHKey = field(repr=False)
    trusted: tuple[SSHKey, ...] = field(repr=False)
    revoked: tuple[SSHKey, ...] = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> "Target":
        """That of these settings; Misconfigured with a sentence for each thing in them that cannot work."""
        reasons = list(settings.problems())
        trusted, revoked, wrong = _host_keys(settings)
        reasons += wrong
        try:
            recipients(settings)
        except Misconfigured as misconfigured:
            reasons += misconfigured.reasons
        key: SSHKey | None = None
        try:
            key = asyncssh.read_private_key(settings.sftp_key_file or "")
        except (OSError, ValueError):  # asyncssh calls every fault in a key a ValueError
            reasons.append(
                Reason(
                    "sftp_sleutel_onleesbaar",
                    f"Het bestand {settings.sftp_key_file} met de sleutel voor de SFTP-server is niet te lezen. Zet er "
                    "een geheime sleutel in zonder wachtwoordzin (OpenSSH of PEM) en geef de service leesrecht.",
                    "RNI_SFTP_KEY_FILE",
                )
            )
        if reasons or key is None:
            raise Misconfigured(reasons)
        return cls(
            settings.sftp_host,
            settings.sftp_port,
            settings.sftp_user,
            settings.sftp_folder,
            key,
            tuple(trusted),
            tuple(revoked),
        )

    def path(self, name: str) -> str:
        """Where a file of this name lies there."""
        return posixpath.join(self.folder, name)


def _host_keys(settings: Settings) -> tuple[list[SSHKey], list[SSHKey], list[Reason]]:
    """The keys that the server may show, those that it may not, and why there are none."""
    port = None if settings.sftp_port == asyncssh.DEFAULT_PORT else settings.sftp_port
    try:
        found = asyncssh.import_known_hosts(settings.sftp_host_key).match(settings.sftp_host, "", port)
    except ValueError:
        found = ([], [], [], [], [], [], [])
    if found[0]:
        return list(found[0]), list(found[2]), []
    where = settings.sftp_host if port is None else f"[{settings.sftp_host}]:{port}"
    uitleg = (
        f"In RNI_SFTP_HOST_KEY staat geen sleutel van {where}. Zet daar de regel van known_hosts: {where} ssh-ed25519 "
        "AAAA… Laat UWV eerst de vingerafdruk bevestigen."
    )
    return [], [], [Reason("sftp_serversleutel_ontbreekt", uitleg, "RNI_SFTP_HOST_KEY")]


def recipients(settings: Settings) -> list[pyrage.x25519.Recipient]:
    """For whom everything is encrypted that leaves; empty: for nobody. Misconfigured when one of them is no key."""
    try:
        return [pyrage.x25519.Recipient.from_str(each) for each in settings.sftp_age_recipients]
    except pyrage.RecipientError:
        uitleg = "In RNI_SFTP_AGE_RECIPIENTS staat iets dat geen publieke sleutel is. Zo'n sleutel begint met age1."
        raise Misconfigured(Reason("sftp_ontvanger_onbekend", uitleg, "RNI_SFTP_AGE_RECIPIENTS")) from None


def encrypted(content: bytes, settings: Settings) -> bytes:
    """The content as only the recipients of these settings read it (age); other bytes each time."""
    sealed: bytes = pyrage.encrypt(content, recipients(settings))
    return sealed


def bring(target: Target, name: str, content: bytes, leaving: Callable[[], None]) -> None:
    """Has the file lie there under this name with exactly these bytes; NotBrought when it does not.

    A file that lay there already with these bytes is as good; one with other bytes stays as it is, and is a fault.
    leaving: called when the right server is ready to take it and before the first byte goes; what it raises stops the
    work.
    """
    _wait_for(_bring(target, name, content, leaving))


def probe(target: Target) -> None:
    """NotBrought unless the server is the right one, lets us in and has the folder; nothing is written there."""
    _wait_for(_probe(target))


def _wait_for(work: Coroutine[Any, Any, None]) -> None:
    async def alone() -> None:
        # Of a large write that fails asyncssh hears one piece; asyncio would write the others in our log.
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        await work

    try:
        waited_for(alone())
    except (asyncssh.SFTPPermissionDenied, asyncssh.SFTPWriteProtect):
        raise NotBrought(
            "De SFTP-server staat niet toe dat hier wordt geschreven. Laat UWV het recht op de map nakijken "
            "(RNI_SFTP_FOLDER)."
        ) from None
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        raise NotBrought("De map is er niet op de SFTP-server (RNI_SFTP_FOLDER).") from None
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection):
        raise NotBrought(_BROKEN) from None
    except asyncssh.SFTPError:
        raise NotBrought(
            "De SFTP-server nam het bestand niet helemaal aan. Misschien is er geen ruimte meer; laat UWV dat nakijken."
        ) from None
    except (OSError, asyncssh.Error):
        raise NotBrought(_BROKEN) from None


def _kinds(target: Target) -> list[str]:
    """Those of the keys that we know first, and then all others: a server that has no such key shows what it has.

    Asked for our kinds alone it would hang up, and we would not know why.
    """
    ours = {kind.decode() for key in target.trusted for kind in key.sig_algorithms}
    return sorted(KINDS, key=lambda kind: kind not in ours)


@asynccontextmanager
async def _connected(target: Target) -> AsyncIterator[SFTPClient]:
    """A session with the server, which showed its key before it heard who we are."""
    try:
        connection = await asyncssh.connect(
            target.host,
            target.port,
            username=target.user,
            client_keys=[target.key],
            known_hosts=(list(target.trusted), [], list(target.revoked)),
            server_host_key_algs=_kinds(target),
            preferred_auth="publickey",
            agent_path=None,  # this and what follows: nothing of whoever runs the process counts
            config=None,
            gss_host=None,
            x509_trusted_certs=None,
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
            keepalive_interval=SILENT_SECONDS,
            keepalive_count_max=SILENT_TIMES,
        )
    except (asyncssh.HostKeyNotVerifiable, asyncssh.KeyExchangeFailed):
        raise NotBrought(
            "De SFTP-server toont een andere sleutel dan in RNI_SFTP_HOST_KEY staat. Er is niets verzonden. Vraag UWV "
            "of de sleutel is gewijzigd; alleen dan mag de beheerder de instelling wijzigen.",
            again=False,
        ) from None
    except (asyncssh.PermissionDenied, asyncssh.IllegalUserName):
        raise NotBrought("De SFTP-server weigert naam of sleutel (RNI_SFTP_USER, RNI_SFTP_KEY_FILE).") from None
    except (OSError, asyncssh.Error):  # TimeoutError is an OSError
        raise NotBrought("De SFTP-server is niet te bereiken (RNI_SFTP_HOST, RNI_SFTP_PORT).") from None
    async with connection:
        # Cut off from here: whatever waits for an answer then hears so, also what would say goodbye politely.
        late = asyncio.get_running_loop().call_later(WHOLE_SECONDS, connection.abort)
        try:
            yield await _sftp(connection)
        finally:
            late.cancel()


async def _sftp(connection: SSHClientConnection) -> SFTPClient:
    try:
        return await connection.start_sftp_client()
    except (asyncssh.ChannelOpenError, asyncssh.SFTPBadMessage):
        raise NotBrought("De server laat ons binnen, maar biedt geen SFTP.") from None


async def _probe(target: Target) -> None:
    async with _connected(target) as server:
        if not await server.isdir(target.folder or "."):
            raise asyncssh.SFTPNoSuchFile("")


async def _bring(target: Target, name: str, content: bytes, leaving: Callable[[], None]) -> None:
    final = target.path(name)
    part = target.path(f".{name}.{hashlib.sha256(content).hexdigest()[:16]}.part")
    async with _connected(target) as server:
        if not await _lies_there(server, final, content):
            await _upload(server, part, content, leaving)
            await _name(server, part, final, content)
            return
        with suppress(asyncssh.SFTPError):  # of somebody who was killed between the two names, or came second
            await server.remove(part)


async def _lies_there(server: SFTPClient, path: str, content: bytes) -> bool:
    """Whether these bytes lie there under this name; NotBrought when others do, or nobody may look."""
    try:
        size = (await server.stat(path)).size
    except asyncssh.SFTPNoSuchFile:
        return False
    if size == len(content):
        try:
            if await _same(server, path, content):
                return True
        except asyncssh.SFTPPermissionDenied:
            raise NotBrought(
                "Op de SFTP-server staat al een bestand met deze naam, en wij mogen het niet lezen. Vraag UWV of het "
                "goed is aangekomen.",
                again=False,
            ) from None
    raise NotBrought(
        "Op de SFTP-server staat al een ander bestand met deze naam. Het is niet overschreven. Vraag UWV om het weg "
        "te halen, en bezorg daarna opnieuw.",
        again=False,
    )


async def _same(server: SFTPClient, path: str, content: bytes) -> bool:
    async with server.open(path, asyncssh.FXF_READ, encoding=None) as file:
        for begin in range(0, len(content), PIECE):
            if cast(bytes, await file.read(PIECE, begin)) != content[begin : begin + PIECE]:
                return False
    return True


async def _upload(server: SFTPClient, part: str, content: bytes, leaving: Callable[[], None]) -> None:
    """Writes every byte in its place and nothing is cut off first: another may be writing the same ones here."""
    try:
        async with server.open(part, asyncssh.FXF_WRITE | asyncssh.FXF_CREAT, encoding=None) as file:
            await asyncio.to_thread(leaving)
            for begin in range(0, len(content), PIECE):
                await file.write(content[begin : begin + PIECE], begin)
            with suppress(asyncssh.SFTPOpUnsupported):  # fsync@openssh.com: on disk before it has its name
                await file.fsync()
            if (await file.stat()).size != len(content):  # by handle: the name may have been given meanwhile
                raise asyncssh.SFTPFailure("")
    except asyncssh.SFTPFailure:
        with suppress(asyncssh.SFTPError):  # what fills a disk must not stay on it
            await server.remove(part)
        raise


async def _name(server: SFTPClient, part: str, final: str, content: bytes) -> None:
    """Gives the file its name. The plain rename of version 3 first: it does not take the place of another file."""
    try:
        await server.rename(part, final)
    except asyncssh.SFTPError:
        if await _lies_there(server, final, content):  # somebody with the same bytes was first
            with suppress(asyncssh.SFTPError):
                await server.remove(part)
            return
        await server.posix_rename(part, final)
