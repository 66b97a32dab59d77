"""A template tag for pages that say that an email was sent."""

from django import template

from accounts.email.queue import emails_are_delayed

register = template.Library()
register.simple_tag(emails_are_delayed)
