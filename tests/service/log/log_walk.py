"""A walk through the doors of the service that looks after each request at what it left in the log."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine
from sqlmodel import col, func, select

from service.access import Access
from service.audit_models import LogLine
from service.db import session_scope
from service.log.subjects import Subject, pseudonyms_of
from service.models import AuditEntry
from service.web.middleware import API
from tests import authenticator

from ..conftest import NOW, ROTTERDAM


@dataclass
class Walk:
    """The service by its doors; every request is compared with what it left in the log."""

    client: TestClient
    engine: Engine
    tokens: Mapping[str, str]
    passed: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    _cookies: dict[str, tuple[dict[str, str], str]] = field(default_factory=dict)

    def _session(self, name: str) -> tuple[dict[str, str], str]:
        if name not in self._cookies:
            self.client.cookies.clear()
            same = {"Sec-Fetch-Site": "same-origin"}
            authenticator.sign_in(self.client, self.engine, name, name, now=NOW, headers=same)
            cookies = dict(self.client.cookies)
            page = self.client.get("/begrippen")
            token = re.search(r'name="csrf" value="([^"]+)"', page.text)
            assert token
            self._cookies[name] = cookies, token[1]
        return self._cookies[name]

    def __call__(
        self,
        name: str,
        route: str,
        about: Iterable[str],
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        **places: Any,
    ) -> Response:
        """One request; `about`: the BSNs of everybody for whom there must be a line at least."""
        before = self._highest(LogLine), self._highest(AuditEntry)
        answer = self.ask(name, route, data, files, places)
        self.passed.add(route)
        told = re.findall(r"<p[^>]*fout[^>]*>(.*?)</p>|<li>(.*?)</li>", answer.text) or answer.text[:1000]
        assert answer.status_code < 400, (route, answer.status_code, told)
        self._compare(f"{name} {route}", set(about), before)
        return answer

    def ask(
        self, name: str | None, route: str, data: Mapping[str, Any] | None, files: Any, places: Mapping[str, Any]
    ) -> Response:
        """The request by this user, or by nobody, whatever comes of it."""
        method, _, form = route.partition(" ")
        path = form.format(**places) + places.get("query", "")
        if path.startswith(API):
            headers = {"Authorization": f"Bearer {self.tokens[name]}"} if name else {}
            how: dict[str, Any] = {"data": data, "files": files} if files else {"json": data} if data else {}
            return self.client.request(method, path, headers=headers, **how)
        cookies, csrf = self._session(name) if name else ({}, "")
        self.client.cookies.clear()
        for key, value in cookies.items():
            self.client.cookies.set(key, value)
        more = {"data": {"csrf": csrf, **(data or {})}, "files": files} if method == "POST" else {}
        headers = {"Sec-Fetch-Site": "same-origin"}
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)

    def _highest(self, table: type[LogLine | AuditEntry]) -> int:
        with session_scope(self.engine, Access.system(), write=False) as session:
            return session.exec(select(func.coalesce(func.max(table.id), 0))).one()

    def _compare(self, what: str, about: set[str], before: tuple[int, int]) -> None:
        with session_scope(self.engine, Access.system(), write=False) as session:
            lines = session.exec(select(LogLine).where(col(LogLine.id) > before[0])).all()
            entries = session.exec(select(AuditEntry).where(col(AuditEntry.id) > before[1])).all()
        missing = about - {bsn for bsn in about if pseudonym(bsn) in {line.data_subject_id for line in lines}}
        if missing or not entries:
            told = [(entry.actie, entry.object) for entry in entries]
            self.wrong.append(f"{what}: no line for {sorted(missing)}; entries {told}")


def pseudonym(bsn: str) -> str:
    return pseudonyms_of([Subject(ROTTERDAM, "BSN", bsn)])[0]
