"""A case as a zaak in the zaaksysteem of its municipality, by the APIs for zaakgericht werken (Zaken API 1.5).

What is there already is looked up first, and only what is missing is added: so a sender that was killed half-way makes
no second zaak. `bronorganisatie` and `identificatie` together belong to one zaak; the zaaksysteem itself holds that.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import OctKey

from service.connectors import answers
from service.connectors.answers import NotAnswered
from service.connectors.configuration import RegisterAccess
from service.trace import HEADER
from workflow.phases import OUTCOMES, Outcome, Phase

WHO = "Het zaaksysteem"
CRS = {"Accept-Crs": "EPSG:4326", "Content-Crs": "EPSG:4326"}
"""What the Zaken API wants to hear of places, though there are none in what we tell."""
ROLE = "natuurlijk_persoon"
LONGEST_REFERENCE = 40


@dataclass(frozen=True)
class Event:
    """What a step did, as far as the zaaksysteem hears of it: the state after it."""

    volgnummer: int
    van: Phase | None
    naar: Phase
    tijdstip: datetime
    resultaat: Outcome | None


@dataclass(frozen=True)
class Snapshot:
    """A case as it stands now, read in one transaction, with all its events in their order."""

    zaaknummer: str
    geopend_op: date
    bsn: str | None
    signalen: Sequence[str]
    eigenschappen: Mapping[str, str]
    events: Sequence[Event]


def bring(access: RegisterAccess, case: Snapshot, after: int, traceparent: str) -> str:
    """Tells the zaaksysteem every event after this one, and gives the address of the zaak. Raises NotAnswered.

    after: volgnummer; 0 when nothing was told yet. Hold no transaction meanwhile.
    """
    headers = {**CRS, HEADER: traceparent, "Authorization": f"Bearer {token(access, time.time())}"}
    with answers.client(headers, access.certificaat, access.sleutel) as by:
        return _Sender(access, case, by).bring(after)


def require_let_in(access: RegisterAccess, traceparent: str, addresses: Sequence[str]) -> list[str]:
    """Raises NotAnswered unless we are let in; gives which of these addresses (of types) are not there."""
    headers = {**CRS, HEADER: traceparent, "Authorization": f"Bearer {token(access, time.time())}"}
    with answers.client(headers, access.certificaat, access.sleutel) as by:
        sender = _Sender(access, None, by)
        sender.get(f"{access.zaken}/zaken", {"bronorganisatie": access.rsin, "identificatie": "Z-0000-0"})
        return [each for each in addresses if answers.asked(by, "GET", each, WHO).status_code != 200]


def token(access: RegisterAccess, moment: float) -> str:
    """Who we are, for an hour (JWT, HS256), as the APIs for zaakgericht werken ask it."""
    claims = {
        "iss": access.client_id,
        "iat": int(moment),
        "client_id": access.client_id,
        "user_id": "langdurig-rni",
        "user_representation": "Langdurig RNI",
    }
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(access.geheim), algorithms=["HS256"])


class _Sender:
    """One case, one zaak. `case`: None when only looking."""

    def __init__(self, access: RegisterAccess, case: Snapshot | None, by: httpx2.Client) -> None:
        self.access, self._case, self.by = access, case, by

    @property
    def case(self) -> Snapshot:
        assert self._case is not None
        return self._case

    def bring(self, after: int) -> str:
        """The zaak first, then who it is about, then what happened in its order."""
        try:
            return self._brought(after)
        except (
            KeyError,
            TypeError,
            AttributeError,
            IndexError,
            ValueError,
        ):  # an answer that is not of the shape of the standard
            raise _unreadable() from None

    def _brought(self, after: int) -> str:
        zaak = self._found() or self._made()
        self._role(zaak)
        known = {_moment(one["datumStatusGezet"]) for one in self._all("statussen", {"zaak": zaak})}
        for event in self.case.events:
            if event.volgnummer > after:
                self._event(zaak, event, known)
        self._properties(zaak)
        return zaak

    def _found(self) -> str | None:
        wanted = {"bronorganisatie": self.access.rsin, "identificatie": self.case.zaaknummer}
        found = [one for one in self._all("zaken", wanted) if one.get("identificatie") == self.case.zaaknummer]
        return self._ours(found[0]["url"]) if found else None

    def _made(self) -> str:
        case, access = self.case, self.access
        body = {
            "identificatie": case.zaaknummer,
            "bronorganisatie": access.rsin,
            "verantwoordelijkeOrganisatie": access.rsin,
            "zaaktype": access.zaaktype,
            "omschrijving": f"Adresonderzoek {case.zaaknummer}",
            "registratiedatum": case.geopend_op.isoformat(),
            "startdatum": case.geopend_op.isoformat(),
            "vertrouwelijkheidaanduiding": access.vertrouwelijkheidaanduiding,
            "kenmerken": [
                {"kenmerk": signal[:LONGEST_REFERENCE], "bron": "Signaal Langdurig RNI"} for signal in case.signalen
            ],
        }
        try:
            return self._ours(self._send("POST", f"{access.zaken}/zaken", body)["url"])
        except NotAnswered as refused:
            # Another sender of ours was first, or one that was thought dead: then it is there by now.
            if refused.status == 400 and (there := self._found()):
                return there
            raise

    def _role(self, zaak: str) -> None:
        if not self.case.bsn:
            return
        mine = {"zaak": zaak, "betrokkeneType": ROLE, "roltype": self.access.roltype}
        if self._all("rollen", mine):
            return
        body = {
            "zaak": zaak,
            "betrokkeneType": ROLE,
            "roltype": self.access.roltype,
            "roltoelichting": "Over wie het signaal kwam",
            "betrokkeneIdentificatie": {"inpBsn": self.case.bsn},
        }
        self._send("POST", f"{self.access.zaken}/rollen", body)

    def _event(self, zaak: str, event: Event, known: set[datetime]) -> None:
        """The result before the status that closes; after a status that opens again the result goes."""
        if event.resultaat is not None:
            self._result(zaak, event.resultaat)
        kind = self.access.statustypen.get(event.naar)
        if kind is not None and event.van != event.naar and event.tijdstip not in known:
            body = {
                "zaak": zaak,
                "statustype": kind,
                "datumStatusGezet": event.tijdstip.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "statustoelichting": f"Fase {event.naar.value}",
            }
            self._send("POST", f"{self.access.zaken}/statussen", body)
            known.add(event.tijdstip)
        if event.resultaat is None and event.van == Phase.AFGESLOTEN:
            for one in self._all("resultaten", {"zaak": zaak}):
                self._send("DELETE", self._ours(one["url"]))

    def _result(self, zaak: str, outcome: Outcome) -> None:
        kind, said = self.access.resultaattypen[outcome], OUTCOMES[outcome].omschrijving
        standing = self._all("resultaten", {"zaak": zaak})
        if not standing:
            body = {"zaak": zaak, "resultaattype": kind, "toelichting": said}
            self._send("POST", f"{self.access.zaken}/resultaten", body)
        elif standing[0]["resultaattype"] != kind:
            self._send("PATCH", self._ours(standing[0]["url"]), {"resultaattype": kind, "toelichting": said})

    def _properties(self, zaak: str) -> None:
        wanted = {
            self.access.eigenschappen[word]: value
            for word, value in self.case.eigenschappen.items()
            if word in self.access.eigenschappen and value
        }
        if not wanted:
            return
        standing = {one["eigenschap"]: one for one in self.get(f"{zaak}/zaakeigenschappen", {})}
        for kind, value in wanted.items():
            if kind not in standing:
                body = {"zaak": zaak, "eigenschap": kind, "waarde": value}
                self._send("POST", f"{zaak}/zaakeigenschappen", body)
            elif standing[kind]["waarde"] != value:
                self._send("PATCH", self._ours(standing[kind]["url"]), {"waarde": value})

    def _all(self, noun: str, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """What is there, first page: of one zaak there is no second."""
        found = self.get(f"{self.access.zaken}/{noun}", wanted)
        try:
            return list(found["results"])
        except (KeyError, TypeError):
            raise _unreadable() from None

    def get(self, address: str, wanted: Mapping[str, str]) -> Any:
        """The JSON at an address; raises NotAnswered."""
        answer = answers.asked(self.by, "GET", address, WHO, params=dict(wanted))
        if answer.status_code != 200:
            raise _refusal(answer)
        return answers.as_object(answer, WHO)

    def _send(self, method: str, address: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = answers.asked(self.by, method, address, WHO, **({"json": body} if body is not None else {}))
        if answer.status_code not in (200, 201, 204):
            raise _refusal(answer)
        told = answers.as_object(answer, WHO) if answer.status_code != 204 else {}
        if answer.status_code == 201 and "url" not in told:
            raise _unreadable()
        return told

    def _ours(self, address: str) -> str:
        """An address that the zaaksysteem gave, when it is its own: our token goes nowhere else."""
        base, there = urlsplit(self.access.zaken), urlsplit(address)
        if (there.scheme, there.netloc) != (base.scheme, base.netloc) or not there.path.startswith(f"{base.path}/"):
            uitleg = (
                f"{WHO} noemt een adres buiten het adres bij zaken in koppelingen.toml. Laat de beheerder dat nakijken."
            )
            raise NotAnswered(uitleg, again=False)
        return address


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise _unreadable() from None


def _unreadable() -> NotAnswered:
    return NotAnswered(f"{WHO} geeft een antwoord dat niet te lezen is.", again=True)


def _refusal(answer: httpx2.Response) -> NotAnswered:
    """What it says itself is left out, but for the names of the fields that it does not want."""
    status = answer.status_code
    if status in (401, 403):
        told = f"{WHO} laat ons dit niet doen (code {status}). Kijk client_id, geheim en rechten na."
        return NotAnswered(told, again=True, status=status)
    if status == 429 or status >= 500:
        return NotAnswered(f"{WHO} heeft een storing of te veel te doen (code {status}).", again=True, status=status)
    names = ", ".join(_fields(answer))
    told = (
        f"{WHO} weigert deze zaak (code {status}{': ' + names if names else ''}). Kijk de typen in koppelingen.toml na."
    )
    return NotAnswered(told, again=False, everybody=False, status=status)


def _fields(answer: httpx2.Response) -> list[str]:
    try:
        named = [str(one["name"]) for one in answer.json()["invalidParams"]]
    except (ValueError, KeyError, TypeError):
        return []
    return [name[:40] for name in named[:5] if name.replace(".", "").replace("_", "").isalpha()]


# What the catalogue says, for whoever sets this up


def catalogue(access: RegisterAccess, identification: str, traceparent: str) -> dict[str, Any]:
    """The types of a zaaktype that is in force, as the catalogue of the municipality names them. Raises NotAnswered."""
    who = "De catalogus van het zaaksysteem"
    headers = {**CRS, HEADER: traceparent, "Authorization": f"Bearer {token(access, time.time())}"}
    with answers.client(headers, access.certificaat, access.sleutel) as by:

        def listed(noun: str, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
            answer = answers.asked(by, "GET", f"{access.catalogi}/{noun}", who, params=dict(wanted))
            if answer.status_code != 200:
                raise _refusal(answer)
            return list(answers.as_object(answer, who)["results"])

        kinds = listed("zaaktypen", {"identificatie": identification, "status": "definitief"})
        current = [one for one in kinds if not one.get("eindeGeldigheid")]
        if not current:
            raise NotAnswered(f"{who} heeft geen zaaktype {identification} dat nu geldt.", again=False)
        zaaktype = current[-1]["url"]
        nouns = ("roltypen", "statustypen", "resultaattypen", "eigenschappen")
        return {"zaaktype": zaaktype} | {noun: listed(noun, {"zaaktype": zaaktype}) for noun in nouns}
