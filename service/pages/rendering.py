"""How a page is made: templates, the menu of each role, and the one sentence after something was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from service.pages import labels
from service.retention.lists import WORKERS
from service.settings import Environment as Installation
from service.web import statics
from service.web.csrf import FIELD, csrf_token
from service.web.dependencies import MaybeWho, SignedIn, now_of, settings_of
from signals.address import address_line
from signals.bsn import mask
from signals.dates import birth_date_text
from signals.errors import Forbidden, Reason
from workflow.letters import full_name
from workflow.phases import MUNICIPAL_ROLES, Role
from workflow.sessies import VISITORS
from workflow.visit_planning import PLANNERS
from workflow.visits import visit_outcome

environment = Environment(
    loader=PackageLoader("service", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,  # a service that runs shows what it began with, whatever is put beside it
)
environment.filters.update(
    woorden=labels.words,
    kop=labels.heading,
    stap=labels.step_label,
    termijn=labels.term_label,
    termijnstaat=labels.term_state,
    dag=labels.day,
    korte_dag=labels.short_day,
    weekdag=labels.weekday,
    klok=labels.clock,
    bezoekuitkomst=visit_outcome,
    getal=labels.number,
    euro=labels.euros,
    bsn=mask,
    geboren=birth_date_text,
    persoon=full_name,
    adresregel=address_line,
)


@dataclass(frozen=True)
class MenuItem:
    """An entry of the menu."""

    path: str
    label: str
    roles: frozenset[Role] | None

    def holds(self, path: str) -> bool:
        """Whether this page is the one of the entry, or one under it."""
        return path == self.path or path.startswith(f"{self.path}/")


MENU: Sequence[MenuItem] = (
    MenuItem("/zaken", "Zaken", MUNICIPAL_ROLES),
    MenuItem("/besluiten", "Besluiten", frozenset({Role.BESLISSER})),
    MenuItem("/bezoeken", "Bezoeken", PLANNERS),
    MenuItem("/post", "Post", frozenset({Role.BEHANDELAAR, Role.BESLISSER, Role.TEAMLEIDER})),
    MenuItem("/walaa", "WALAA", frozenset({Role.BEHANDELAAR, Role.TEAMLEIDER})),
    MenuItem("/leveringen", "Leveringen", frozenset({Role.TEAMLEIDER, Role.UWV_LIAISON})),
    MenuItem("/terugkoppelingen", "Terugkoppelingen", frozenset({Role.COORDINATOR, Role.UWV_LIAISON})),
    MenuItem("/opbrengsten", "Opbrengst", frozenset({Role.UWV_LIAISON})),
    MenuItem("/cijfers", "Cijfers", MUNICIPAL_ROLES | {Role.COORDINATOR}),
    MenuItem("/sessies", "Sessies", VISITORS),
    MenuItem("/vernietiging", "Vernietiging", WORKERS),
    MenuItem("/gebruikers", "Gebruikers", frozenset({Role.BEHEERDER})),
    MenuItem("/instellingen", "Instellingen", frozenset({Role.BEHEERDER})),
    MenuItem("/koppelingen", "Koppelingen", frozenset({Role.BEHEERDER})),
    MenuItem("/berichten", "Berichten", frozenset({Role.BEHEERDER})),
    MenuItem("/gang-van-zaken", "Gang van zaken", frozenset({Role.BEHEERDER})),
    MenuItem("/rechten", "Rechten", frozenset({Role.BEHEERDER, Role.AUDITOR})),
    MenuItem("/logboek", "Logboek", frozenset({Role.AUDITOR, Role.TEAMLEIDER})),
    MenuItem("/termijnen", "Termijnen", None),
    MenuItem("/begrippen", "Begrippen", None),
    MenuItem("/account", "Mijn account", None),
)


def remember(request: Request, who: MaybeWho) -> None:
    """Dependency of every page: who is signed in, for the menu; also on an error page after it."""
    request.state.who = who


def menu_of(who: SignedIn | None) -> list[MenuItem]:
    """What this person can open."""
    return [item for item in MENU if who is not None and (item.roles is None or who.has(*item.roles))]


def _menu_path(path: str) -> str:
    """A load is shown under the deliveries, the keys under the settings."""
    return path.replace("/ladingen", "/leveringen", 1).replace("/sleutels", "/instellingen", 1)


environment.globals["static"] = statics.address


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A template as an answer, with what every page needs."""
    settings, now = settings_of(request), now_of(request)
    who: SignedIn | None = getattr(request.state, "who", None)

    def moment(value: Any) -> str:
        return labels.moment(value, settings.zone)

    page = environment.get_template(template)
    html = page.render(
        who=who,
        menu=menu_of(who),
        path=_menu_path(request.url.path),
        csrf=csrf_token(request),
        csrf_field=FIELD,
        searches=who is not None and who.has(*MUNICIPAL_ROLES),
        keeps_visits=who is not None and who.has(*PLANNERS),
        demo=settings.environment is Installation.DEMO,
        today=now.date(),
        moment=moment,
        **context,
    )
    return HTMLResponse(html, status)


def see_other(path: str) -> RedirectResponse:
    """After a POST: look there."""
    return RedirectResponse(path, 303)


def require(who: SignedIn, roles: frozenset[Role]) -> None:
    """Forbidden with who the page is for, unless one of the roles is held."""
    if not who.has(*roles):
        named = ", ".join(labels.words(role) for role in sorted(roles))
        raise Forbidden(Reason("rol_ontbreekt", f"Deze pagina is voor: {named}."))


def require_in(who: SignedIn, roles: frozenset[Role], gemeentecode: str) -> None:
    """Forbidden unless one of the roles is held in this municipality: who has it elsewhere, has it there."""
    require(who, roles)
    if not roles & who.access.actor.roles_in(gemeentecode):
        raise Forbidden(Reason("rol_ontbreekt", "Deze pagina is voor wie in deze gemeente een andere rol heeft."))


def by_field(reasons: Sequence[Reason]) -> Mapping[str, list[str]]:
    """The sentences to show at each field; what belongs to no field stands under the empty name."""
    errors: dict[str, list[str]] = {}
    for reason in reasons:
        errors.setdefault(reason.veld or "", []).append(reason.uitleg)
    return errors
