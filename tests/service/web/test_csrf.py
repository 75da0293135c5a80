import pytest
from starlette.datastructures import Headers

from service.settings import Settings
from service.web.csrf import cookie_name, same_origin, token_for

OURS = "https://rni.example.nl"


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": OURS}, False),
        ({"Origin": OURS}, True),
        ({"Origin": "http://intern:8000", "Host": "intern:8000"}, True),
        ({"Origin": "https://elders.example"}, False),
        ({"Origin": "https://rni.example.nl.elders.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://["}, False),
        ({}, False),
    ],
)
def test_an_unsafe_request_comes_from_our_own_pages(headers: dict[str, str], ours: bool) -> None:
    assert same_origin(Headers(headers), OURS) is ours


def test_in_production_only_the_address_that_was_set_is_ours() -> None:
    assert same_origin(Headers({"Origin": OURS}), OURS, production=True)
    for origin in ("https://elders.example", "http://rni.example.nl", ""):
        sent = Headers({"Origin": origin, "Host": "elders.example"})
        assert not same_origin(sent, OURS, production=True)


def test_a_form_token_belongs_to_one_session_and_one_key() -> None:
    tokens = {token_for(secret, key) for secret in ("een", "twee") for key in (b"nieuw", b"oud")}
    assert len(tokens) == 4


def test_the_cookie_is_tied_to_the_host_where_https_allows_it() -> None:
    assert cookie_name(Settings(base_url=OURS)) == "__Host-rni"
    assert cookie_name(Settings(base_url="http://127.0.0.1:8000")) == "rni"
