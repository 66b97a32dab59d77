"""Test how a time is said relative to now, in English and German."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from core.relative_time import relative_time


@pytest.mark.parametrize(
    ("distance", "english", "german"),
    [
        (timedelta(seconds=20), "in less than a minute", "in weniger als einer Minute"),
        (timedelta(minutes=1), "in 1 minute", "in 1 Minute"),
        (timedelta(minutes=89), "in 89 minutes", "in 89 Minuten"),
        (timedelta(minutes=119), "in 119 minutes", "in 119 Minuten"),
        (timedelta(minutes=121), "in 2 hours", "in 2 Stunden"),
        (timedelta(hours=30), "in 30 hours", "in 30 Stunden"),
        (timedelta(days=9, hours=23, minutes=59), "in 10 days", "in 10 Tagen"),
        (timedelta(days=100), "in 3 months", "in 3 Monaten"),
        (timedelta(days=3 * 366), "in 3 years", "in 3 Jahren"),
        (-timedelta(seconds=1), "less than a minute ago", "vor weniger als einer Minute"),
        (-timedelta(minutes=1), "1 minute ago", "vor 1 Minute"),
        (-timedelta(hours=5), "5 hours ago", "vor 5 Stunden"),
        (-timedelta(days=3), "3 days ago", "vor 3 Tagen"),
        (-timedelta(days=62), "2 months ago", "vor 2 Monaten"),
        (-timedelta(days=3 * 366), "3 years ago", "vor 3 Jahren"),
    ],
)
def test_a_time_is_said_in_the_largest_unit_of_which_there_are_two(distance, english, german):
    moment = timezone.now() + distance

    assert relative_time(moment) == english
    with translation.override("de"):
        assert relative_time(moment) == german
