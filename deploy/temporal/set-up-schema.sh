#!/bin/sh
# Makes Temporal's tables, or brings them up to the release of this image; run again, it does nothing.
# temporal-sql-tool takes the server, the role and its password from SQL_… in the environment.
set -eu

set_up() {
	temporal-sql-tool --database "$1" setup-schema --version 0.0
	temporal-sql-tool --database "$1" update-schema --schema-name "$2"
}

set_up temporal postgresql/v12/temporal
set_up temporal_visibility postgresql/v12/visibility
