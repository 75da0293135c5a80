import pytest

from service.web import browsers

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("says", "named"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox op Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/140.0 Safari/537.36", "Chrome op Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/140.0 Safari/537.36 Edg/140.0", "Edge op Windows"),
        (f"Mozilla/5.0 (Linux; Android 15; SM-X) {KIT} Chrome/140.0 Mobile Safari/537.36", "Chrome op Android"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) {KIT} Version/18.0 Safari/604.1", "Safari op iPhone"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {KIT} Version/18.0 Safari/605.1", "Safari op Mac"),
        ("curl/8.0 <script>", browsers.UNKNOWN),
        ("", browsers.UNKNOWN),
    ],
)
def test_a_browser_is_named_as_its_user_knows_it_and_nothing_more_is_kept(says: str, named: str) -> None:
    assert browsers.named(says) == named
