"""What somebody may do to what machines keep of each other: outboxes, the days of the clock, steps of the schema."""

from tests.service.verify.damages import OLD, sql

DAMAGES = [
    sql(
        "a subscriber is never told",
        "koppeling_staat_stil",
        f"UPDATE abonnement_bericht SET staat = 'onderweg', bezorgd_op = NULL, begonnen_op = '{OLD}'",
    ),
    sql(
        "a message is left behind",
        "koppeling_staat_stil",
        f"UPDATE abonnement_bericht SET staat = 'wacht', bezorgd_op = NULL, tijdstip = '{OLD}'",
        f"UPDATE abonnement SET niet_voor = '{OLD}'",
    ),
    sql(
        "the zaaksysteem is never told",
        "koppeling_staat_stil",
        f"UPDATE zaaksysteem_zaak SET staat = 'onderweg', begonnen_op = '{OLD}'",
    ),
    sql(
        "the zaaksysteem knows what never happened",
        "koppeling_wijkt_af",
        "UPDATE zaaksysteem_zaak SET gebracht = gebracht + 9",
    ),
    sql("a message arrived never", "koppeling_wijkt_af", "UPDATE abonnement_bericht SET bezorgd_op = NULL"),
    sql("the clock is ahead", "klok_loopt_voor", "UPDATE klokdag SET dag = '2030-01-05'"),
    sql("a step of the schema is forgotten", "schema_wijkt_af", "DELETE FROM schema_stap"),
]
