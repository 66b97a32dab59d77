"""Actions that change organizations and what belongs to them: one module per noun."""
