"""Template filter for texts that people wrote."""

from django import template

from core.emails import visible_lines

register = template.Library()

register.filter("visible_lines", visible_lines)
