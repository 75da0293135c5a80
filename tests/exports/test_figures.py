from datetime import date
from exports.figures import figures
from exports.selection import Selection
from workflow.phases import Outcome

def test_empty(session):
    import json
    print(json.dumps(figures(session, Selection(), date(2026,3,1)),indent=1))

def test_one(session, build):
    import json
    build.close(build.case(), Outcome.AANGIFTE_GEDAAN, date(2026,2,2))
    build.answer(build.case(), date(2026,2,2))
    print(json.dumps(figures(session, Selection(), date(2026,3,1))["cijfers"],indent=None))
