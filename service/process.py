"""What every process of the service must know before it opens the database."""

import gc

from service.connectors import outbox  # noqa: F401  # listens from here on to what happens to cases
from service.connectors.configuration import use_connectors
from service.log.activities import use_register
from service.settings import Settings
from signals.keyring import use_keys


def begin(settings: Settings) -> None:
    """From now on this process seals and marks with the keys of these settings, and names their register.

    ConnectorsRefused when the systems of a municipality are described in a way that cannot work.
    """
    use_keys(settings.keys)
    use_register(settings)
    use_connectors(settings)
    if not gc.get_freeze_count():
        # All that was imported stays as long as the process: walking over it again and again while many rows are read
        # would take half of the time that the figures take.
        gc.freeze()
