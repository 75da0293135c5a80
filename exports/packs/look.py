"""The colours of charts outside the pages: of the same theme, told apart by light and dark, so also without colours."""

INK, SOFT, LINE = "001E30", "3D5374", "C0C7D2"
MAIN, LIGHT, PAPER = "00568B", "8ECEF6", "FFFFFF"
SERIES = (MAIN, LIGHT)
"""Fill of the first and the second part of a bar; every part has an outline in MAIN."""
ON_SERIES = (PAPER, INK)
"""Letters on those."""
FONT = "Arial"
LANGUAGE = "nl-NL"
