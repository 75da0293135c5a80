from service.settings import Settings

from .conftest import SAMPLE, Door, is_problem

YIELD = SAMPLE.parent / "opbrengst-2026.csv"


def test_a_yield_file_leaves_no_copy_whatever_becomes_of_it(
    doors: dict[str, Door], loaded: None, settings: Settings
) -> None:
    refused = doors["ulla"].post("/opbrengsten", files={"bestand": ("lijst.csv", b"a;b\n1;2\n", "text/csv")})
    is_problem(refused, 409)
    content = YIELD.read_bytes()
    taken = doors["ulla"].post("/opbrengsten", files={"bestand": (YIELD.name, content, "text/csv")}, key="opbrengst")
    assert taken.status_code == 201, taken.text
    again = doors["ulla"].post("/opbrengsten", files={"bestand": (YIELD.name, content, "text/csv")}, key="opbrengst")
    assert again.json() == taken.json()
    assert list((settings.data_dir / "ontvangen").iterdir()) == []
