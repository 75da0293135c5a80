"""Whatever is damaged on purpose is found with its own code, and nothing else is said but what follows from it."""

import shutil

import pytest

from service.settings import Settings
from service.verify.codes import CODES
from tests.service.verify.damages import DAMAGES, Damage, wipe, without_trigger
from tests.service.verify.damages_of_destruction import DAMAGES as OF_DESTRUCTION
from tests.service.verify.damages_of_machines import DAMAGES as OF_MACHINES
from tests.service.verify.lived import found_in, intruding, with_keys
from tests.service.verify.trials import one_by_one

HERE = [*DAMAGES, *OF_MACHINES]


@pytest.mark.parametrize("damage", one_by_one(HERE))
def test_damage_is_found_with_its_own_code_and_nothing_else(damage: Damage, copy: Settings) -> None:
    sqlite = copy.database_url.startswith("sqlite")
    if damage.only and (damage.only == "sqlite") != sqlite:
        pytest.skip(f"alleen op {damage.only}")
    with intruding(copy.database_url) as by:
        damage.deed(by, copy)
    wipe(copy)
    without_trigger(copy)
    if damage.keys:
        copy = with_keys(copy, *damage.keys)
    verdict, findings = found_in(copy)
    told = [(finding.code, finding.waar, finding.bijzonder) for finding in findings]
    assert damage.code in verdict.aantallen, told
    assert set(verdict.aantallen) - damage.follows == {damage.code}, told
    assert all(finding.waar and finding.uitleg.endswith(".") and finding.doen for finding in findings)


def test_each_code_is_found_by_some_damage() -> None:
    every = [*HERE, *OF_DESTRUCTION]
    proven = {damage.code for damage in every} | set().union(*(damage.follows for damage in every))
    assert set(CODES) - proven == {"controle_afgebroken"}
    assert len({damage.code for damage in DAMAGES}) >= 20


def test_a_check_that_breaks_is_told_and_keeps_no_other_from_being_made(copy: Settings) -> None:
    shutil.rmtree(copy.data_dir / "documenten")
    with intruding(copy.database_url) as by:
        by("DROP TABLE bezwaar")
    verdict, findings = found_in(copy)
    assert {"controle_afgebroken", "schema_wijkt_af", "bestand_weg"} <= set(verdict.aantallen)
    assert [finding.waar for finding in findings if finding.code == "controle_afgebroken"]
