"""Say a time relative to now: "in 9 days", "3 hours ago".

Templates load the filter with ``{% load relative_time %}`` and write the date next to it, because a text that is read
later has no other meaning.
"""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.translation import gettext, ngettext

register = template.Library()

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
MONTH, YEAR = DAY * 365.25 / 12, DAY * 365.25


@register.filter
def relative_time(moment: datetime) -> str:
    """Return the time between now and the moment in the largest unit of which there are two, rounded."""
    seconds = (moment - timezone.now()).total_seconds()
    return _ahead(seconds) if seconds > 0 else _past(-seconds)


def _ahead(seconds: float) -> str:
    count, unit = _count(seconds)
    phrases = {
        YEAR: ngettext("in %(count)d year", "in %(count)d years", count),
        MONTH: ngettext("in %(count)d month", "in %(count)d months", count),
        DAY: ngettext("in %(count)d day", "in %(count)d days", count),
        HOUR: ngettext("in %(count)d hour", "in %(count)d hours", count),
        MINUTE: ngettext("in %(count)d minute", "in %(count)d minutes", count),
    }
    return phrases[unit] % {"count": count} if count else gettext("in less than a minute")


def _past(seconds: float) -> str:
    count, unit = _count(seconds)
    phrases = {
        YEAR: ngettext("%(count)d year ago", "%(count)d years ago", count),
        MONTH: ngettext("%(count)d month ago", "%(count)d months ago", count),
        DAY: ngettext("%(count)d day ago", "%(count)d days ago", count),
        HOUR: ngettext("%(count)d hour ago", "%(count)d hours ago", count),
        MINUTE: ngettext("%(count)d minute ago", "%(count)d minutes ago", count),
    }
    return phrases[unit] % {"count": count} if count else gettext("less than a minute ago")


def _count(seconds: float) -> tuple[int, float]:
    """Return the number and the unit. It is 0 minutes for less than half a minute."""
    unit = next((unit for unit in (YEAR, MONTH, DAY, HOUR) if seconds >= 2 * unit), MINUTE)
    return round(seconds / unit), unit
