"""A beheerder hears by mail that nothing goes to another system any more; the page says it too."""

from datetime import datetime

from sqlmodel import Session, select

from service.models import Mail, User, UserRole
from service.settings import Settings
from signals.base import table
from signals.bulk import insert_new
from workflow.phases import Role

KIND = "koppelingbericht"


def tell_stopped(session: Session, settings: Settings, what: str, why: str, now: datetime) -> None:
    """One message a day to every beheerder with an e-mail address; without a mail server the page is all there is."""
    if not settings.smtp_host:
        return
    day = now.astimezone(settings.zone).date()
    mine = select(User).join(UserRole).where(UserRole.rol == Role.BEHEERDER, User.uitgeschakeld_op == None)  # noqa: E711
    text = (
        f"Naar {what} gaat niets meer: het lukte dagenlang niet.\n\n{why}\n\nKijk op {settings.base_url.rstrip('/')}"
        "/koppelingen wat er stilstaat. Wat nog te vertellen is, blijft bewaard tot u het opnieuw laat proberen.\n"
    )
    rows = [
        Mail(
            soort=KIND,
            ontvanger=user.naam,
            dag=day,
            adres=user.emailadres,
            onderwerp="Een koppeling van Langdurig RNI staat stil",
            tekst=text,
            gemaakt_op=now,
            niet_voor=now,
        ).model_dump(exclude={"id"})
        for user in session.exec(mine).unique()
        if user.emailadres
    ]
    insert_new(session, table(Mail), rows)
