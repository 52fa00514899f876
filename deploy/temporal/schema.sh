#!/bin/sh
# Creates or upgrades the tables of Temporal's two databases. Safe to run again: a schema that is up to date stays.
# Where they are comes from SQL_HOST, SQL_PORT, SQL_USER, SQL_PASSWORD and SQL_PLUGIN.
set -eu

for name in temporal visibility; do
  database=temporal
  [ "${name}" = temporal ] || database=temporal_visibility
  temporal-sql-tool --database "${database}" setup-schema --version 0.0
  temporal-sql-tool --database "${database}" update-schema --schema-name "postgresql/v12/${name}"
done
