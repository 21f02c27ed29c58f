"""tables.py: makes neutron.db in this directory, and gets keystone.db ready for several users at once.

The tables are made from Neutron's models, as in Neutron's own tests: its migrations do not run on SQLite.
"""

import sqlite3

import sqlalchemy
from neutron.db.migration.models import head

head.get_metadata().create_all(sqlalchemy.create_engine("sqlite:///neutron.db"))
for database in ("keystone.db", "neutron.db"):
    # else whoever reads locks out whoever writes
    sqlite3.connect(database).execute("pragma journal_mode = wal")
