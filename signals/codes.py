"""The codes that a signal may carry where only a few exist, as the supplier writes them."""

AANLEIDINGEN = ("UITKERING", "DIENSTVERBAND")
UITKERINGSSOORTEN = ("WW", "ZW", "WIA", "WAO", "WAJONG", "TW", "IOW")
ADRESBRONNEN = ("TVA", "UWV", "WERKGEVER")
