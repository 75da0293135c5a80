"""Why a file is refused whole: a code per reason, and a sentence that names file, place and the way to mend it."""

from signals.errors import Reason, Refused

_SENTENCES = {
    "onleesbaar": (
        "{file}: het bestand is niet te lezen ({place}). Sla het opnieuw op als CSV (UTF-8) of XLSX en lever "
        "het opnieuw aan."
    ),
    "versleuteld": (
        "{file}: het bestand is met een wachtwoord beveiligd. Haal de beveiliging eraf en lever het opnieuw aan."
    ),
    "verkeerd_type": "{file}: de inhoud is {place}.",
    "kop_onbekend": "{file}: de kopregel past bij geen bekende indeling. {place}",
    "kolom_dubbel": "{file}, {place}. Verwijder of hernoem één van beide kolommen.",
    "te_veel_rijen": "{file}: het bestand heeft meer dan {place} rijen. Splits het in kleinere bestanden.",
    "te_groot_uitgepakt": (
        "{file}: uitgepakt is dit bestand te groot ({place}). Sla het opnieuw op zonder lege bladen en "
        "opmaak, of lever CSV aan."
    ),
    "externe_entiteit": (
        "{file}, onderdeel {place}: het bestand bevat een DOCTYPE of een verwijzing naar buiten. Sla het "
        "opnieuw op vanuit een spreadsheetprogramma."
    ),
    "macro": (
        "{file}: het bestand bevat macro's of ingesloten objecten ({place}). Sla het op als gewone XLSX met alleen "
        "cellen."
    ),
    "malware": (
        "{file}: de virusscanner vindt schadelijke inhoud. Het bestand is niet bewaard. Bied het niet opnieuw aan; "
        "meld het aan wie het leverde en aan uw beveiligingsfunctionaris."
    ),
    "scan_mislukt": (
        "{file}: de virusscanner gaf geen oordeel ({place}), en zonder oordeel wordt niets geladen. Probeer het later "
        "opnieuw; laat bij herhaling de beheerder RNI_SCAN_COMMAND of RNI_SCAN_ICAP nagaan."
    ),
    "geen_gegevensrij": (
        "{file}: onder de kopregel ({place}) staat geen enkele rij met gegevens. Vul het bestand of lever het"
        " juiste bestand aan."
    ),
    "ontvangst_onmogelijk": (
        "{file}: de ontvangstdatum klopt niet: {place}. Geef de datum waarop de levering in WALAA of TMV is ontvangen."
    ),
    "al_geladen": (
        "{file}: precies dit bestand is al geladen als {place}. Er is niets gewijzigd; lever alleen nieuwe of"
        " verbeterde rijen aan."
    ),
}


class FileRefused(Refused):
    """A file that is not read any further; nothing of it is stored but the attempt.

    `reden` is one of the codes above; `place` says where or what in it, and fills the sentence.
    """

    def __init__(self, reden: str, file_name: str, place: str = "") -> None:
        self.reden = reden
        super().__init__(Reason(reden, _SENTENCES[reden].format(file=file_name, place=place)))
