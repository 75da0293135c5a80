"""Every route of a page by name: who opens it at which address, in which state, and what no page is.

A new route is told by `everywhere.unknown_routes` as long as it stands nowhere here.
"""

from collections.abc import Mapping

from service.log.activities import ACTIVITIES
from service.pages.rendering import MENU

NOBODY = ""
"""Whoever is not signed in."""
FILES = {
    "/inloggen/koppelen/qr.svg", "/inloggen/organisatie", "/inloggen/organisatie/terug",
    "/inloggen/organisatie/sleutels", "/zaken/{zaaknummer}/bsn",
    "/zaken/{zaaknummer}/brp", "/zaken/{zaaknummer}/brieven/{nummer}",
    "/zaken/{zaaknummer}/ontvangen/{nummer}", "/bezoeken/dienst.js", "/bezoeken/meenemen", "/bezoeken/aanmelding",
    "/zaken/{zaaknummer}/documenten/{nummer}/inhoud", "/zaken/{zaaknummer}/documenten/{nummer}/weergave", "/post/pdf",
    "/ladingen/{ladingnummer}/verwerkingsverslag", "/terugkoppelingen/{nummer}/bestanden/{soort}", "/cijfers/werkboek",
    "/.well-known/security.txt", "/rechten/bestand", "/handleiding/{beeld}", "/zaken/toewijzen",
    "/zaken/bezoeken", "/zaken/bezoeken/plannen", "/zaken/brieven", "/zaken/lijsten",
    "/sessies/{nummer}/pakket/{volgnummer}/{uitgave}/{soort}", "/vernietiging/{nummer}/verklaring/pdf",
}  # fmt: skip
"""GET routes that answer with no page: a file, a script, or the way to a page."""
UNDER_WAY = {"/inloggen/code", "/inloggen/koppelen"}
"""Pages halfway signing in, which need the form before them: see `signing_in`."""
ELSEWHERE = {"/uitgelogd"}
"""Not looked at: a page that is there only with a provider of the organisation, which these installations have not."""
LEADS_ON = {
    "/uitloggen", "/zaken/{zaaknummer}/taken/{nummer}", "/zaken/{zaaknummer}/terugbelverzoeken/{nummer}",
    "/bezoeken/onderweg", "/post/{nummer}/weghalen", "/zaken/{zaaknummer}/afdruk", "/zaken/lijsten/{nummer}/weghalen",
    "/ladingen/{ladingnummer}/bevestigingen", "/ladingen/{ladingnummer}/controles",
    "/ladingen/{ladingnummer}/stopzettingen", "/werk/{nummer}/stopzettingen", "/sleutels/vernieuwingen",
    "/account/aanmeldingen", "/berichten/{number}/herkansingen",
    "/koppelingen/webhooks/{nummer}/{wat}", "/koppelingen/zaaksystemen/{code}/herkansingen",
}  # fmt: skip
"""POST routes that have no page of their own: they lead to one of another route, or give a file or data."""

OPEN = ("/inloggen", "/verwerkingen", "/toegankelijkheid", "/handleiding", "/bezoeken/onderweg")
"""Pages for whoever comes by."""
LISTS = frozenset(item.path for item in MENU)
"""Pages of the menu, which are there also when there is nothing to show."""

FULL: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "/": ("anna", ("/",)),
    "/zaken/{zaaknummer}": ("anna", ("/zaken/{druk}", "/zaken/{bezwaar}", "/zaken/{ontvangen}", "/zaken/{afgesloten}")),
    "/zaken/{zaaknummer}/stappen/{stap}": (
        "anna",
        tuple(
            f"/zaken/{{druk}}/stappen/{step}"
            for step in ("verstuur_voornemen", "sluit_zonder_mutatie", "draag_over", "neem_besluit")
        ),
    ),
    "/zaken/{zaaknummer}/dossier/{soort}": (
        "anna",
        tuple(f"/zaken/{{druk}}/dossier/{each}" for each in ("bronnen", "documenten", "huisbezoeken")),
    ),
    "/zaken/{zaaknummer}/documenten/{nummer}": ("anna", ("/zaken/{druk}/documenten/1", "/zaken/{druk}/documenten/2")),
    "/zaken/{zaaknummer}/inzagen": ("aad", ("/zaken/{druk}/inzagen",)),
    "/zaken/{zaaknummer}/verstrekkingen": ("anna", ("/zaken/{druk}/verstrekkingen",)),
    "/zaken/{zaaknummer}/bezoek": ("anna", ("/zaken/{druk}/bezoek",)),
    "/bezoeken/te-plaatsen": ("anna", ("/bezoeken/te-plaatsen",)),
    "/bezoeken/{nummer}": ("bram", ("/bezoeken/{bezoek}", "/bezoeken/{afgelegd}")),
    "/bezoeken/{nummer}/verslag": ("bram", ("/bezoeken/{bezoek}/verslag",)),
    "/bezoeken/{nummer}/wijzigen": ("anna", ("/bezoeken/{bezoek}/wijzigen",)),
    "/ladingen/{ladingnummer}": ("ulla", ("/ladingen/{lading}", "/ladingen/{gecontroleerd}", "/ladingen/{geweigerd}")),
    "/ladingen/{ladingnummer}/annuleringen": ("ulla", ("/ladingen/{lading}/annuleringen",)),
    "/terugkoppelingen/{nummer}": ("ulla", ("/terugkoppelingen/{terugkoppeling}",)),
    "/werk/{nummer}": ("coen", ("/werk/{gestopt}", "/werk/{mislukt}", "/werk/{wacht}")),
    "/sleutels": ("bea", ("/sleutels",)),
    "/opbrengsten/{ladingnummer}": ("ulla", ("/opbrengsten/{opbrengst}",)),
    "/gebruikers/{nummer}": ("bea", ("/gebruikers/1",)),
    "/instellingen/{soort}": (
        "bea",
        tuple(f"/instellingen/{each}" for each in ("grondslagen", "waarden", "deelnemers")),
    ),
    "/koppelingen/webhooks": ("bea", ("/koppelingen/webhooks",)),
    "/zaken": ("tess", ("/zaken?lijst=vrij", "/zaken?lijst=alle")),
    "/zaken/lijsten/{nummer}": ("anna", ("/zaken/lijsten/{lijst}",)),
    "/zaken/zoek": ("anna", ("/zaken/zoek",)),
    "/logboek": ("aad", tuple(f"/logboek?{each}" for each in ("per=dag", "per=actie", "per=gebruiker"))),
    "/cijfers": ("coen", ("/cijfers?per=gemeente",)),
    "/gang-van-zaken": ("bea", ("/gang-van-zaken", "/gang-van-zaken?dagen=7")),
    "/sessies/nieuw": ("coen", ("/sessies/nieuw",)),
    "/sessies/{nummer}": ("coen", ("/sessies/{sessie}", "/sessies/{gehouden}", "/sessies/{afgelast}")),
    "/sessies/{nummer}/pakket": (
        "coen",
        tuple(f"/sessies/{{sessie}}/pakket?{each}" for each in ("", "uitgave=openbaar", "volgnummer=1")),
    ),
    "/sessies/{nummer}/pakket/publiceren": ("coen", ("/sessies/{sessie}/pakket/publiceren",)),
    "/sessies/{nummer}/{wat}": (
        "coen",
        tuple(f"/sessies/{{sessie}}/{each}" for each in ("wijzigen", "gehouden", "afgelasten", "acties")),
    ),
    "/sessies/{nummer}/{wat}/{deel}": (
        "coen",
        (
            "/sessies/{sessie}/antwoorden/{vraag}",
            "/sessies/{gehouden}/acties/{actie}",
            "/sessies/{gehouden}/heropenen/{gedaan}",
        ),
    ),
    "/zaken/{zaaknummer}/bewaarplicht": ("tess", ("/zaken/{druk}/bewaarplicht", "/zaken/{ontvangen}/bewaarplicht")),
    "/vernietiging/{nummer}": ("tess", tuple(f"/vernietiging/{{{each}}}" for each in ("voorgesteld", "vernietigd"))),
    "/vernietiging/{nummer}/verklaring": ("tess", ("/vernietiging/{vernietigd}/verklaring",)),
    "/termijnen": ("anna", ("/termijnen?term=bezwaar&vanaf=2026-03-02",)),
    "/verwerkingen/{naam}/{versie}": (NOBODY, (f"/verwerkingen/{ACTIVITIES[0].naam}/{ACTIVITIES[0].versie}",)),
}
"""Pages about one thing, and other ways to look at a list: by route, who opens it, at which addresses.

What stands between braces is made by `_furnish`.
"""
CLOSED: Mapping[str, tuple[str, str]] = {
    "/zaken/{zaaknummer}": ("dirk", "/zaken/{druk}"),
    "/zaken": ("ulla", "/zaken"),
    "/zaken/{zaaknummer}/stappen/{stap}": ("bram", "/zaken/{druk}/stappen/neem_besluit"),
    "/termijnen": ("bea", "/termijnen?term=bezwaar&vanaf=x"),
    "/logboek": ("aad", "/logboek?dag=morgen"),
    "/sessies/{nummer}": ("dirk", "/sessies/{afgelast}"),
    "/sessies/{nummer}/pakket": ("coen", "/sessies/{gehouden}/pakket"),
}
"""Pages that say no: to whom, at which address."""

Sent = Mapping[str, str]
SENT: Mapping[str, tuple[str, str, str, Sent]] = {
    "/inloggen": (NOBODY, "/inloggen", "fout", {"gebruikersnaam": "niemand", "wachtwoord": "mis"}),
    "/zaken/zoek": ("anna", "/zaken/zoek", "leeg", {"zoek": "9999 XX 1"}),
    "/zaken/{zaaknummer}/bsn": ("anna", "/zaken/{druk}/bsn", "vol", {}),
    "/zaken/{zaaknummer}/brp": ("anna", "/zaken/{ingezetene}/brp", "vol", {}),
    "/koppelingen/webhooks": ("bea", "/koppelingen/webhooks", "fout", {"adres": "http://ontvanger.example"}),
    "/zaken/{zaaknummer}/stappen/{stap}": (
        "anna", "/zaken/{druk}/stappen/verstuur_voornemen", "fout", {"versie": "{versie}"}
    ),
    "/zaken/{zaaknummer}/stappen/{stap}/voorbeeld": (
        "anna", "/zaken/{druk}/stappen/verstuur_voornemen/voorbeeld", "fout", {"versie": "{versie}"}
    ),
    "/zaken/{zaaknummer}/stappen/{stap}/klaarzetten": (
        "anna", "/zaken/{druk}/stappen/verstuur_voornemen/klaarzetten", "fout", {"versie": "1", "adres": "Hier."}
    ),
    "/bezoeken/te-plaatsen/{nummer}": ("anna", "/bezoeken/te-plaatsen/{rest}", "fout", {"keuze": "terzijde"}),
    "/bezoeken/{nummer}/verslag": ("bram", "/bezoeken/{bezoek}/verslag", "fout", {"opengedaan": "ja", "zorg": "ja"}),
    "/zaken/{zaaknummer}/bezoek": ("anna", "/zaken/{druk}/bezoek", "fout", {"dag": "morgen"}),
    "/bezoeken/{nummer}/wijzigen": ("anna", "/bezoeken/{bezoek}/wijzigen", "fout", {"versie": "1"}),
    "/bezoeken/{nummer}/vervallen": ("anna", "/bezoeken/{bezoek}/vervallen", "fout", {"versie": "1"}),
    "/zaken/{zaaknummer}/dossier/documenten": ("anna", "/zaken/{druk}/dossier/documenten", "fout", {}),
    "/zaken/{zaaknummer}/dossier/{soort}": ("anna", "/zaken/{druk}/dossier/huisbezoeken", "fout", {"begin": "x"}),
    "/post": ("anna", "/post", "vol", {}),
    "/zaken/toewijzen": ("tess", "/zaken/toewijzen", "fout", {}),
    "/zaken/bezoeken": ("anna", "/zaken/bezoeken", "vol", {"zaak": "{druk}:1"}),
    "/zaken/bezoeken/plannen": (
        "anna", "/zaken/bezoeken/plannen", "fout", {"zaak": "{druk}:{versie}", "dag": "morgen"}
    ),
    "/zaken/brieven": ("anna", "/zaken/brieven", "vol", {"zaak": "{druk}:1,{ontvangen}:1"}),
    "/zaken/lijsten": ("anna", "/zaken/lijsten", "fout", {"naam": "999990019"}),
    "/ladingen": ("ulla", "/ladingen", "fout", {"datumOntvangst": "gisteren"}),
    "/ladingen/{ladingnummer}/annuleringen": ("ulla", "/ladingen/{lading}/annuleringen", "geblokkeerd", {}),
    "/terugkoppelingen": ("coen", "/terugkoppelingen", "vol", {}),
    "/terugkoppelingen/{nummer}/{wat}": (
        "ulla", "/terugkoppelingen/{terugkoppeling}/weigeringen", "fout", {"regels": "eerste"}
    ),
    "/opbrengsten": ("ulla", "/opbrengsten", "fout", {}),
    "/gebruikers/{nummer}": ("bea", "/gebruikers/1", "fout", {"telefoonnummer": "geen"}),
    "/gebruikers/{nummer}/rollen": (
        "bea", "/gebruikers/1/rollen", "fout", {"rol": "teamleider", "stond": "behandelaar:0599"}
    ),
    "/gebruikers/{nummer}/ontkoppelen": ("bea", "/gebruikers/2/ontkoppelen", "vol", {}),
    "/account/wachtwoord": ("aad", "/account/wachtwoord", "fout", {"huidig_wachtwoord": "mis"}),
    "/instellingen/{soort}": ("bea", "/instellingen/waarden", "fout", {"waarde": "veel"}),
    "/zaken/{zaaknummer}/bewaarplicht": ("tess", "/zaken/{druk}/bewaarplicht", "fout", {"reden": ""}),
    "/zaken/{zaaknummer}/bewaarplicht/{nummer}": (
        "tess", "/zaken/{druk}/bewaarplicht/{bewaarplicht}", "fout", {"reden": ""}
    ),
    "/vernietiging": ("tess", "/vernietiging", "fout", {"soort": "alles"}),
    "/vernietiging/{nummer}/{wat}": ("tess", "/vernietiging/{voorgesteld}/weglaten", "fout", {"versie": "1"}),
    "/sessies/nieuw": ("coen", "/sessies/nieuw", "fout", {"datum": "morgen", "plaats": "bij 999990019"}),
    "/sessies/{nummer}/pakket/publiceren": ("coen", "/sessies/{sessie}/pakket/publiceren", "fout", {"versie": "3"}),
    "/sessies/{nummer}/{wat}": ("coen", "/sessies/{sessie}/acties", "fout", {"tekst": "Bel."}),
    "/sessies/{nummer}/{wat}/{deel}": ("anna", "/sessies/{sessie}/vragen/{vraag}", "fout", {"tekst": ""}),
}  # fmt: skip
"""Pages that answer a form: by route, who sends it, to where, in which state that brings the page, and what is sent."""
