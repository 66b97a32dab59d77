"""The template filter for email addresses."""

from django import template

from core.addresses import displayed_address

register = template.Library()

register.filter("displayed_address", displayed_address)
