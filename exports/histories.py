"""What the events of a case say: its state on the day, its closings, the stays in each phase, the time on hold."""

from typing import Any

import pandas as pd

from exports.stands import STANDING
from workflow.phases import OUTCOMES, Outcome, Phase

INVESTIGATED = frozenset(outcome.value for outcome, meaning in OUTCOMES.items() if meaning.investigated)
HITS = frozenset(outcome.value for outcome, meaning in OUTCOMES.items() if meaning.hit)
ANSWERED = INVESTIGATED | {Outcome.REEDS_INGEZETENE.value}
"""Outcomes that end the wait for Kaplan-Meier; every other closing only ends the watching."""


def days_between(start: Any, end: Any) -> "pd.Series[Any]":
    """Calendar days from one column of dates to another (or to one date); missing where either is."""
    days: pd.Series[Any] = (pd.to_datetime(end) - pd.to_datetime(start)).dt.days
    return days


def states(events: pd.DataFrame) -> pd.DataFrame:
    """By case the state after its last event: fase, resultaat (only while it stands), eerste_antwoord_op, aangehouden.

    events: every event so far, ordered by case and volgnummer.
    """
    last = events.drop_duplicates("zaak_id", keep="last").set_index("zaak_id")
    stands = last["naar"].isin([phase.value for phase in STANDING])
    return pd.DataFrame(
        {
            "fase": last["naar"],
            "resultaat": last["resultaat"].where(stands, None),
            "eerste_antwoord_op": last["datum_eerste_antwoord"],
            "aangehouden": last["aangehouden"].astype(bool),
            "heropend": last.index.isin(events.loc[_returns(events), "zaak_id"]),
        }
    )


def _returns(events: pd.DataFrame) -> "pd.Series[bool]":
    """Which events took a case with an outcome back to the investigation, by whatever step: none stands after it."""
    before = events.groupby("zaak_id")["resultaat"].shift()
    return before.notna() & events["resultaat"].isna()


def closings(events: pd.DataFrame) -> pd.DataFrame:
    """The events by which a case was closed; coming back from bezwaar closes nothing anew."""
    closed = Phase.AFGESLOTEN.value
    return events[(events["naar"] == closed) & ~events["van"].isin([closed, Phase.BEZWAAR.value])]


def closing_days(events: pd.DataFrame) -> pd.DataFrame:
    """By case: laatste_sluiting, laatste_stap, eerste_sluiting, beantwoord, start_onderzoek.

    beantwoord: the first closing that answers. start_onderzoek: of the investigation that led to the first closing; a
    reopened case has a later one of its own.
    """
    closed = closings(events)
    closed_so_far = pd.Series(events.index.isin(closed.index), events.index).groupby(events["zaak_id"]).cumsum()
    began = events[(events["stap"] == "start_onderzoek") & (closed_so_far == 0)]
    answered = closed[closed["resultaat"].isin(ANSWERED)]
    first, last = closed.drop_duplicates("zaak_id"), closed.drop_duplicates("zaak_id", keep="last").set_index("zaak_id")
    return pd.DataFrame(
        {
            "laatste_sluiting": last["vastgelegd_op"],
            "laatste_stap": last["stap"],
            "eerste_sluiting": first.set_index("zaak_id")["vastgelegd_op"],
            "beantwoord": answered.drop_duplicates("zaak_id").set_index("zaak_id")["vastgelegd_op"],
            # The step gives the first answer, on the day that its letter was posted (Besluit BRP 28g).
            "start_onderzoek": began.drop_duplicates("zaak_id").set_index("zaak_id")["datum_eerste_antwoord"],
        }
    )


def _runs(events: pd.DataFrame, column: str) -> pd.DataFrame:
    """One row per unbroken run of the same value in a case, with the days until the next run; none for the last."""
    starts = (events["zaak_id"] != events["zaak_id"].shift()) | (events[column] != events[column].shift())
    runs = events.loc[starts, ["zaak_id", column, "vastgelegd_op"]]
    end = runs.groupby("zaak_id")["vastgelegd_op"].shift(-1)
    return runs.assign(dagen=days_between(runs["vastgelegd_op"], end)).dropna(subset="dagen")


def stays(events: pd.DataFrame) -> pd.DataFrame:
    """Every stay in a phase that has ended: zaak_id, fase, dagen."""
    runs = _runs(events, "naar").rename(columns={"naar": "fase"})
    return runs.loc[runs["fase"] != Phase.AFGESLOTEN.value, ["zaak_id", "fase", "dagen"]]


def holds(events: pd.DataFrame) -> pd.DataFrame:
    """Every time on hold that has ended: zaak_id, dagen."""
    runs = _runs(events, "aangehouden")
    return runs.loc[runs["aangehouden"].astype(bool), ["zaak_id", "dagen"]]
