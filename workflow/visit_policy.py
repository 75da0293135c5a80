"""How far the visits to a case meet the policy for `onbekend_op_adres`: on different days, some out of office hours."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.dated_settings import setting

OFFICE_CLOSES = time(17)


def out_of_hours(day: date, begin: time) -> bool:
    """After 17.00 or in a weekend."""
    return begin >= OFFICE_CLOSES or day.weekday() >= 5


@dataclass(frozen=True)
class Progress:
    """The days of visits at the current address, which of them out of office hours, and how many of each are asked."""

    days: frozenset[date]
    outside: frozenset[date]
    needed: int
    needed_outside: int

    @property
    def met(self) -> bool:
        """Whether the policy is met."""
        return not self.missing

    @property
    def missing(self) -> str:
        """What must still be done, in words; nothing when the policy is met."""
        outside = max(0, self.needed_outside - len(self.outside))
        days = max(0, self.needed - len(self.days), outside)
        if not days:
            return ""
        told = "nog 1 bezoek op een andere dag" if days == 1 else f"nog {days} bezoeken op verschillende andere dagen"
        return told + (f", waarvan {outside} na 17.00 uur of in een weekend" if outside else "")

    def after(self, day: date, begin: time) -> "Progress":
        """How it would stand with one more visit."""
        late = {day} if out_of_hours(day, begin) else set()
        return Progress(self.days | {day}, self.outside | late, self.needed, self.needed_outside)

    def helped_by(self, day: date, begin: time) -> str:
        """What a visit then would do for the policy, as a sentence."""
        if self.met:
            return "Het bezoekbeleid is al gehaald."
        then = self.after(day, begin)
        if then.met:
            return "Met dit bezoek is het bezoekbeleid gehaald."
        if then == self:
            return f"Dit bezoek helpt het bezoekbeleid niet verder. Nodig is {self.missing}."
        return f"Na dit bezoek is voor het bezoekbeleid nodig: {then.missing}."


def progress(file: CaseFile, desk: Desk) -> Progress:
    """How far it is met: what was visited elsewhere does not count for the current address."""
    here = (visit.begin for visit in file.visits if visit.adressleutel == file.case.adressleutel)
    return _counted(
        (begin.astimezone(desk.now.tzinfo) for begin in here),
        int(setting(file.session, "bezoek_aantal", file.case.gemeentecode, desk.today)),
        int(setting(file.session, "bezoek_buiten_kantooruren", file.case.gemeentecode, desk.today)),
    )


def _counted(begins: Iterable[datetime], needed: int, needed_outside: int) -> Progress:
    held = list(begins)
    outside = frozenset(begin.date() for begin in held if out_of_hours(begin.date(), begin.time()))
    return Progress(frozenset(begin.date() for begin in held), outside, needed, needed_outside)
