#!/bin/bash
# Makes the databases and their roles. The PostgreSQL image runs it once, on an empty volume, before it listens.
set -euo pipefail

# psql takes the passwords from the environment: they stand in no command line, and :'…' quotes whatever they hold.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv duewell_password DUEWELL_DB_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD

CREATE ROLE duewell LOGIN PASSWORD :'duewell_password';
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';

CREATE DATABASE duewell OWNER duewell;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;

-- Customers' data are in the first one only, and Temporal has no business with it.
REVOKE CONNECT, TEMPORARY ON DATABASE duewell, temporal, temporal_visibility FROM PUBLIC;
SQL
