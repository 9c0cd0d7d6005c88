"""How well the bot answers: metrics, question sets, reports."""
