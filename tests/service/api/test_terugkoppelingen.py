from .conftest import Door, first_case, is_problem


def test_feedback_is_made_sent_fetched_and_confirmed(doors: dict[str, Door], loaded: None) -> None:
    anna, coen, ulla = doors["anna"], doors["coen"], doors["ulla"]
    nothing = coen.post("/terugkoppelingen")
    assert (nothing.status_code, nothing.json()["terugkoppelingsnummer"]) == (200, None)
    case = f"/zaken/{first_case(anna)['zaaknummer']}"
    anna.post(f"{case}/stappen", {"stap": "wijs_toe", "versie": 1})
    closed = anna.post(
        f"{case}/stappen", {"stap": "niet_oppakken", "versie": 2, "gegevens": {"reden": "onvoldoende_gegevens"}}
    )
    assert closed.status_code == 201, closed.text

    is_problem(ulla.post("/terugkoppelingen"), 403)
    is_problem(anna.post("/terugkoppelingen"), 403)
    made = coen.post("/terugkoppelingen", key="tk")
    assert made.status_code == 201, made.text
    number = made.json()["terugkoppelingsnummer"]
    assert (made.json()["regels"], made.json()["soorten"]) == (1, {"resultaat": 1})
    assert coen.post("/terugkoppelingen", key="tk").json() == made.json()
    assert is_problem(coen.post("/terugkoppelingen"), 409)["belemmeringen"][0]["code"] == "terugkoppeling_wacht"

    feedback = f"/terugkoppelingen/{number}"
    is_problem(coen.get(f"{feedback}/bestanden/csv"), 403)
    content = ulla.get(f"{feedback}/bestanden/csv")
    assert content.content.startswith(b"\xef\xbb\xbf")
    assert number in content.headers["content-disposition"]
    assert ulla.get(f"{feedback}/bestanden/csv").content == content.content
    assert ulla.get(f"{feedback}/bestanden/xlsx").content[:2] == b"PK"

    is_problem(ulla.post(f"{feedback}/ontvangstbevestigingen", {"kenmerk": "UWV-1"}), 409)
    assert coen.post(f"{feedback}/verzendingen").json()["staat"] == "verzonden"
    assert ulla.post(f"{feedback}/ontvangstbevestigingen", {"kenmerk": "UWV-1"}).json()["staat"] == "ontvangen"
    refused = ulla.post(f"{feedback}/weigeringen", {"reden": "onbekend signaal", "regels": [1]})
    assert refused.json()["staat"] == "geweigerd"
    assert [each["terugkoppelingsnummer"] for each in coen.get("/terugkoppelingen").json()["items"]] == [number]
