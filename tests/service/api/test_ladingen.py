from io import BytesIO
from pathlib import Path

from httpx2 import Response
from openpyxl import Workbook, load_workbook
from sqlalchemy import Engine

from service.settings import Settings
from tests.importers.deliveries import row, write_csv

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


def report_of(door: Door, number: str) -> Workbook:
    answer = door.get(f"/ladingen/{number}/verwerkingsverslag")
    assert answer.status_code == 200, answer.text
    assert f"verwerkingsverslag-{number}-20261102.xlsx" in answer.headers["content-disposition"]
    return load_workbook(BytesIO(answer.content))


def test_the_report_is_for_who_loaded_and_the_liaison_and_the_same_before_and_after(doors: dict[str, Door]) -> None:
    with SAMPLE.open("rb") as stream:
        offered = doors["ulla"].post("/ladingen", files={"bestand": (SAMPLE.name, stream)}).json()
    number = offered["ladingnummer"]
    before = list(report_of(doors["ulla"], number)["Afgekeurd"].values)
    assert len(before) == 1 + offered["afgekeurd"]
    assert doors["ulla"].post(f"/ladingen/{number}/bevestigingen").status_code == 201
    assert list(report_of(doors["ulla"], number)["Afgekeurd"].values) == before
    for name in ("anna", "carla", "tess", "dirk", "coen", "bea", "aad"):
        is_problem(doors[name].get(f"/ladingen/{number}/verwerkingsverslag"), 404)


def test_a_teamleider_fetches_the_report_of_the_own_load_and_so_does_the_liaison(doors: dict[str, Door]) -> None:
    header, *rows = SAMPLE.read_text(encoding="utf-8-sig").splitlines()
    own = [row for row in rows if ";0599;" in row][:3]
    file = "\n".join([header, *own]).encode()
    number = doors["tess"].post("/ladingen", files={"bestand": ("eigen.csv", file)}).json()["ladingnummer"]
    for name in ("tess", "ulla"):
        told = {line[0]: line[1] for line in report_of(doors[name], number)["Samenvatting"].values}
        assert (told["geleverd"], told["bestandsnaam"]) == (3, "eigen.csv")


def test_another_s_municipality_is_refused_at_the_check_also_in_accepted_rows(doors: dict[str, Door]) -> None:
    header, *rows = SAMPLE.read_text(encoding="utf-8-sig").splitlines()
    other = [row for row in rows if ";0983;" in row][:1]
    file = "\n".join([header, *other]).encode()
    refused = doors["tess"].post("/ladingen", files={"bestand": ("anders.csv", file)})
    assert is_problem(refused, 403)["errors"][0]["code"] == "andere_gemeente"
    assert doors["tess"].get("/ladingen").json()["items"] == []


def test_a_typing_error_in_a_municipality_is_a_fault_of_the_row_not_another_s(doors: dict[str, Door]) -> None:
    header, *rows = SAMPLE.read_text(encoding="utf-8-sig").splitlines()
    own = [row for row in rows if ";0599;" in row][:2]
    file = "\n".join([header, own[0], own[1].replace(";0599;", ";9599;"), own[1].replace(";0599;", ";;")]).encode()
    offered = doors["tess"].post("/ladingen", files={"bestand": ("typfout.csv", file)})
    assert (offered.status_code, offered.json()["afgekeurd"]) == (202, 2), offered.text


def test_a_load_is_undone_once_and_the_same_file_loads_again(
    doors: dict[str, Door], loaded: None, tmp_path: Path
) -> None:
    (load,) = doors["ulla"].get("/ladingen").json()["items"]
    is_problem(doors["anna"].post(f"/ladingen/{load['ladingnummer']}/annuleringen"), 403)
    is_problem(doors["tess"].post(f"/ladingen/{load['ladingnummer']}/annuleringen"), 404)
    refused = is_problem(doors["ulla"].post(f"/ladingen/{load['ladingnummer']}/annuleringen"), 409)
    assert [each["code"] for each in refused["belemmeringen"]] == ["signaal_aangesloten"]

    mine = write_csv(
        tmp_path / "mijn.csv", [row(bsn="999990056", signaalnummer="ONG-1", leveringsnummer="LRNI-2026-44")]
    )

    def offer() -> str:
        with mine.open("rb") as stream:
            offered = doors["ulla"].post("/ladingen", files={"bestand": (mine.name, stream)}).json()
        assert doors["ulla"].post(f"/ladingen/{offered['ladingnummer']}/bevestigingen").json()["status"] == "geladen"
        return str(offered["ladingnummer"])

    number = offer()
    undone = doors["ulla"].post(f"/ladingen/{number}/annuleringen", key="weg")
    assert undone.status_code == 201, undone.text
    assert (undone.json()["status"], undone.json()["geaccepteerd"]) == ("ongedaan_gemaakt", 1)
    again = doors["ulla"].post(f"/ladingen/{number}/annuleringen", key="weg")
    assert (again.status_code, again.json()) == (201, undone.json())
    is_problem(doors["ulla"].post(f"/ladingen/{number}/annuleringen"), 409)
    assert doors["coen"].get("/cijfers").json()["cijfers"]["zaken"] == 219
    told = {line[0]: line[1] for line in report_of(doors["ulla"], number)["Samenvatting"].values}
    assert (told["status"], told["geaccepteerd"]) == ("ongedaan_gemaakt", 1)
    offer()
    assert doors["coen"].get("/cijfers").json()["cijfers"]["zaken"] == 220


def test_a_teamleider_learns_of_no_signal_elsewhere(doors: dict[str, Door], loaded: None, tmp_path: Path) -> None:
    """The number of a signal in another municipality tells nothing to who does not see it."""
    _, *rows = SAMPLE.read_text(encoding="utf-8-sig").splitlines()
    other = next(line.split(";")[1] for line in rows if ";0983;" in line)
    asked = [row(signaalnummer=other, mutatiesoort=soort) for soort in ("W", "V")]
    asked.append(row(signaalnummer="BESTAAT-NIET", mutatiesoort="W"))
    file = write_csv(tmp_path / "vis.csv", asked).read_bytes()
    told = doors["tess"].post("/ladingen", files={"bestand": ("vis.csv", file)}).json()
    assert (told["afgekeurd"], told["redenen"]) == (3, {"signaal_onbekend": 3})
