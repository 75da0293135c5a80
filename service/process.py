"""What every process of the service must know before it opens the database."""

from service.log.activities import use_register
from service.settings import Settings
from signals.keyring import use_keys


def begin(settings: Settings) -> None:
    """From now on this process seals and marks with the keys of these settings, and names their register."""
    use_keys(settings.keys)
    use_register(settings)
