from pathlib import Path

import pytest
from sqlmodel import select

from service.access import Access
from service.app import create_app, require_ready
from service.db import make_engine, session_scope
from service.models import User
from service.safety import DEFAULT_SECRET
from service.settings import Environment, Misconfigured, Settings, read_settings
from service.web import statics

SAFE = {"environment": "production", "secret_keys": "k" * 32, "base_url": "https://rni.example.nl"}


def test_every_setting_says_what_it_is() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RNI_ENVIRONMENT", "demo")
    monkeypatch.setenv("RNI_SECRET_KEYS", " nieuw , oud ")
    monkeypatch.setenv("RNI_DATA_DIR", "")
    settings = read_settings()
    assert settings.environment is Environment.DEMO
    assert settings.keys == (b"nieuw", b"oud")
    assert settings.data_dir == Path("var")
    keys = tmp_path / "sleutels"
    keys.write_text("nieuwste\n\noudste\n")
    monkeypatch.setenv("RNI_SECRET_KEYS_FILE", str(keys))
    assert read_settings().keys == (b"nieuwste", b"oudste")


@pytest.mark.parametrize(
    ("name", "value"),
    [("RNI_ENVIRONMENT", "productie"), ("RNI_CLOCK_TIMEZONE", "Europa/Ergens"), ("RNI_THREADS", "veel")],
)
def test_a_setting_that_cannot_be_read_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as refused:
        read_settings()
    assert name in refused.value.uitleg
    assert value not in refused.value.uitleg


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"secret_keys": DEFAULT_SECRET}, "RNI_SECRET_KEYS"),
        ({"secret_keys": "kort"}, "RNI_SECRET_KEYS"),
        ({"secret_keys": ""}, "RNI_SECRET_KEYS"),
        ({"secret_keys": "k" * 32 + "," + DEFAULT_SECRET}, "RNI_SECRET_KEYS"),
        ({"secret_keys_file": "/nergens/sleutels"}, "RNI_SECRET_KEYS_FILE"),
        ({"base_url": "http://rni.example.nl"}, "RNI_BASE_URL"),
    ],
)
def test_production_does_not_start_unsafe(wrong: dict[str, str], names: str) -> None:
    Settings(**SAFE).require_safe()
    with pytest.raises(Misconfigured) as refused:
        create_app(Settings(**(SAFE | wrong)))
    assert names in refused.value.uitleg
    assert "kort" not in refused.value.uitleg.split()


OIDC = {
    "oidc_issuer": "https://inloggen.example.nl",
    "oidc_client_id": "langdurig-rni",
    "oidc_key_file": "sleutel.pem",
    "oidc_acr": "hoog, hoger",
    "oidc_roles": '{"b": "behandelaar", "d": "beslisser:0599,0983", "c": "coordinator"}',
}


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"oidc_client_id": ""}, "RNI_OIDC_CLIENT_ID"),
        ({"oidc_key_file": None}, "RNI_OIDC_KEY_FILE"),
        ({"oidc_acr": " , "}, "RNI_OIDC_ACR"),
        ({"oidc_roles": "{}"}, "RNI_OIDC_ROLES"),
        ({"oidc_issuer": "http://inloggen.example.nl"}, "RNI_OIDC_ISSUER"),
        ({"oidc_issuer": "inloggen.example.nl"}, "RNI_OIDC_ISSUER"),
        ({}, "RNI_OIDC_KEY_FILE"),  # it is not there
    ],
)
def test_production_does_not_start_with_half_a_provider(wrong: dict[str, str], names: str) -> None:
    settings = Settings(**(SAFE | OIDC))
    settings.require_safe()
    assert settings.oidc_acr == ("hoog", "hoger")
    with pytest.raises(Misconfigured) as refused:
        create_app(Settings(**(SAFE | OIDC | wrong)))
    assert {reason.veld for reason in refused.value.reasons} == {names}


@pytest.mark.parametrize(
    "roles",
    ["behandelaar", "[]", '{"b": "baas"}', '{"b": "systeem"}', '{"c": "coordinator:0599"}', '{"b": "behandelaar:1"}'],
)
def test_a_role_that_does_not_exist_is_found_at_the_start(monkeypatch: pytest.MonkeyPatch, roles: str) -> None:
    monkeypatch.setenv("RNI_OIDC_ROLES", roles)
    with pytest.raises(Misconfigured, match="instelling_ongeldig") as refused:
        read_settings()
    assert "RNI_OIDC_ROLES" in refused.value.uitleg


def test_production_names_everything_that_is_wrong_at_once() -> None:
    with pytest.raises(Misconfigured) as refused:
        Settings(environment="production").require_safe()
    assert {reason.veld for reason in refused.value.reasons} == {"RNI_SECRET_KEYS", "RNI_BASE_URL"}


def test_production_does_not_start_with_a_user_of_the_demo(settings: Settings) -> None:
    engine = make_engine(settings.database_url)
    strict = Settings(**SAFE, database_url=settings.database_url)
    require_ready(strict, engine)
    with session_scope(engine, Access.system()) as session:
        anna = session.exec(select(User).where(User.naam == "anna")).one()
        anna.demo = True
        session.add(anna)
    with pytest.raises(Misconfigured, match="demogebruiker"):
        require_ready(strict, engine)
    require_ready(settings, engine)
    engine.dispose()


def test_the_service_does_not_start_without_what_its_pages_look_like(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine(settings.database_url)
    require_ready(settings, engine)
    monkeypatch.setattr(statics, "FOLDER", tmp_path)
    monkeypatch.setattr(statics, "files", statics.files.__wrapped__)  # else what was read before stays
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "htmx.js").write_text("")
    with pytest.raises(Misconfigured, match="opmaak_ontbreekt") as refused:
        require_ready(settings, engine)
    assert "(made/design-system.css in" in refused.value.uitleg
    assert "make service/static/made/design-system.css" in refused.value.uitleg
    (tmp_path / "made" / "design-system.css").write_text("")
    require_ready(settings, engine)
    engine.dispose()
