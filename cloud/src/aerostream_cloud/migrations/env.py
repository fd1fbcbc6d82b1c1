"""Alembic's entry: runs the migrations on the connection that the program gives it."""

from alembic import context

connection = context.config.attributes["connection"]
# Batches, because SQLite cannot alter most of a table in place.
context.configure(connection=connection, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
