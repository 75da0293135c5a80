"""A small ICAP server (RFC 3507, RESPMOD) as a process of its own: it reads the whole body and looks for EICAR.

How it answers is the first argument; the second is the file in which it writes its port.
"""

import socketserver
import sys
import time
from pathlib import Path

EICAR = b"".join((rb"X5O!P%@AP[4\PZX54(P^)7CC)7}", b"$EICAR-STANDARD-", b"ANTIVIRUS-TEST-FILE!$H+H*"))
"""In parts, so that no scanner stumbles over this file."""
BLOCKED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


class Handler(socketserver.StreamRequestHandler):
    def lines(self) -> list[bytes]:
        found = []
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            found.append(line.strip())
        return found

    def handle(self) -> None:
        way = self.server.way
        if way == "silent":
            time.sleep(30)
        if way == "early":
            self.wfile.write(b"ICAP/1.0 204 No Content\r\n\r\n")
            return
        first, *head = self.lines()
        assert first.startswith(b"RESPMOD icap://") and first.endswith(b"/avscan ICAP/1.0"), first
        encapsulated = next(line for line in head if line.startswith(b"Encapsulated:"))
        places = [int(part.rpartition(b"=")[2]) for part in encapsulated.split(b",")]
        asked, given = self.rfile.read(places[1]), self.rfile.read(places[2] - places[1])
        assert asked.endswith(b"\r\n\r\n") and given.endswith(b"\r\n\r\n")
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            assert self.rfile.read(2) == b"\r\n"
        assert f"Content-Length: {len(body)}".encode() in given
        self.wfile.write(self.answer(way, body, given))

    def answer(self, way: str, body: bytes, given: bytes) -> bytes:
        found = EICAR in body
        whole = b"ICAP/1.0 200 OK\r\n%bEncapsulated: res-hdr=0, res-body=%d\r\n\r\n%b%b"
        match way:
            case "echo":  # a server that does not know 204 gives back what it got
                return whole % (b"", len(given), given, chunked(body))
            case "changed":
                return whole % (b"", len(given), given, chunked(body + b" "))
            case "page" if found:
                return b"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, null-body=%d\r\n\r\n%b" % (len(BLOCKED), BLOCKED)
            case "error":
                return b"ICAP/1.0 500 Server Error\r\n\r\n"
            case "nonsense":
                return b"HTTP/1.1 200 OK\r\n\r\n"
            case "halfway":
                return b"ICAP/1.0 20"
        if found:
            told = b"X-Infection-Found: Type=0; Resolution=2; Threat=Eicar;\r\n"
            return whole % (told, len(BLOCKED), BLOCKED, chunked(b"no"))
        return b"ICAP/1.0 204 No Content\r\n\r\n"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    way = ""


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Handler) as server:
        server.way = sys.argv[1]
        port = Path(sys.argv[2])
        port.with_suffix(".new").write_text(str(server.server_address[1]))
        port.with_suffix(".new").rename(port)
        server.serve_forever()
