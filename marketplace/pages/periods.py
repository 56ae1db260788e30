"""The stretches of time that pages about money let people choose from."""

from django.http import HttpRequest

# Days of a period -> days of one bar: bars of single days would be thinner than a line in a year.
PERIODS = {7: 1, 30: 1, 365: 7}
USUAL_DAYS = 30


def chosen_days(request: HttpRequest) -> int:
    """The usual period for whatever else is asked for."""
    asked = {str(days): days for days in PERIODS}
    return asked.get(request.GET.get("days", ""), USUAL_DAYS)
