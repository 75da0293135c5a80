from httpx2 import Response
from sqlalchemy import Engine

from service.settings import Settings

from .conftest import SAMPLE, Door, is_problem


def test_a_delivery_is_offered_checked_confirmed_and_answered_once(
    doors: dict[str, Door], engine: Engine, settings: Settings
) -> None:
    def offer() -> Response:
        with SAMPLE.open("rb") as stream:
            return doors["ulla"].post(
                "/ladingen",
                key="levering-07",
                files={"bestand": (SAMPLE.name, stream, "text/csv")},
                data={"datumOntvangst": "2026-07-06"},
            )

    offered = offer()
    assert offered.status_code == 202, offered.text
    assert offered.json()["status"] == "gecontroleerd"
    assert offered.json()["geaccepteerd"] == 222
    again = offer()
    assert (again.status_code, again.json()) == (202, offered.json())
    number = offered.json()["ladingnummer"]
    assert doors["ulla"].get(f"/ladingen/{number}").json() == offered.json()
    assert doors["anna"].get("/zaken").json()["items"] == []

    confirmed = doors["ulla"].post(f"/ladingen/{number}/bevestigingen", key="bevestig-07")
    assert confirmed.status_code == 201, confirmed.text
    assert confirmed.json()["ladingnummer"] == number
    assert confirmed.json()["status"] == "geladen"
    assert confirmed.json()["zaken"] == 219
    assert len(doors["anna"].get("/zaken").json()["items"]) > 0
    again = doors["ulla"].post(f"/ladingen/{number}/bevestigingen", key="bevestig-07")
    assert (again.status_code, again.json()) == (201, confirmed.json())
    refused = is_problem(doors["ulla"].post(f"/ladingen/{number}/bevestigingen"), 409)
    assert refused["belemmeringen"][0]["code"] == "staat_past_niet"
    assert doors["ulla"].get("/leveringen").json()["items"] == [
        {"leveringsnummer": "LRNI-2026-07", "eersteOntvangst": "2026-07-06", "ladingen": [number]}
    ]
    kept = list((settings.data_dir / "ontvangen").iterdir())
    assert [path.read_bytes() for path in kept] == [SAMPLE.read_bytes()]
    assert SAMPLE.stem not in kept[0].name


def test_a_refused_file_is_told_as_such_and_loads_nothing(doors: dict[str, Door]) -> None:
    offered = doors["ulla"].post("/ladingen", files={"bestand": ("lijst.csv", b"a;b\n1;2\n", "text/csv")})
    assert offered.status_code == 202
    assert offered.json()["status"] == "geweigerd"
    assert offered.json()["reden"] == "kop_onbekend"
    number = offered.json()["ladingnummer"]
    is_problem(doors["ulla"].post(f"/ladingen/{number}/bevestigingen"), 409)


def test_a_teamleider_loads_for_the_own_municipality_only(doors: dict[str, Door]) -> None:
    header, *rows = SAMPLE.read_text(encoding="utf-8-sig").splitlines()
    own = [row for row in rows if ";0599;" in row][:3]
    offered = doors["tess"].post("/ladingen", files={"bestand": ("eigen.csv", "\n".join([header, *own]).encode())})
    assert offered.json()["status"] == "gecontroleerd", offered.text
    assert doors["tess"].post(f"/ladingen/{offered.json()['ladingnummer']}/bevestigingen").status_code == 201

    with SAMPLE.open("rb") as stream:
        whole = doors["tess"].post("/ladingen", files={"bestand": (SAMPLE.name, stream)})
    if whole.status_code == 202:
        whole = doors["tess"].post(f"/ladingen/{whole.json()['ladingnummer']}/bevestigingen")
    assert is_problem(whole, 403)["errors"][0]["code"] == "andere_gemeente"
    assert len(doors["anna"].get("/zaken", aantal=100).json()["items"]) == len(own)


def test_loads_are_for_the_loader_and_the_liaison(doors: dict[str, Door], loaded: None) -> None:
    (load,) = doors["ulla"].get("/ladingen").json()["items"]
    is_problem(doors["anna"].get("/ladingen"), 403)
    is_problem(doors["coen"].get("/ladingen"), 403)
    assert doors["tess"].get("/ladingen").json()["items"] == []
    is_problem(doors["tess"].get(f"/ladingen/{load['ladingnummer']}"), 404)


def test_a_file_that_was_loaded_between_check_and_confirmation_is_refused_then(doors: dict[str, Door]) -> None:
    numbers = []
    for _ in range(2):
        with SAMPLE.open("rb") as stream:
            offered = doors["ulla"].post("/ladingen", files={"bestand": (SAMPLE.name, stream)})
        numbers.append(offered.json()["ladingnummer"])
    first, second = (doors["ulla"].post(f"/ladingen/{number}/bevestigingen") for number in numbers)
    assert first.json()["status"] == "geladen", first.text
    assert (second.status_code, second.json()["status"]) == (201, "geweigerd")
    assert second.json()["reden"] == "al_geladen"
    assert doors["coen"].get("/cijfers").json()["cijfers"]["zaken"] == 219
