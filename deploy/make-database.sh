#!/bin/bash
# The two roles of docs/install.md, made when the database's folder is first filled.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U postgres \
    -v owner="$OWNER_PASSWORD" -v application="$APPLICATION_PASSWORD" <<'SQL'
CREATE ROLE reelproof_owner LOGIN PASSWORD :'owner';
CREATE ROLE reelproof LOGIN PASSWORD :'application';
CREATE DATABASE reelproof OWNER reelproof_owner;
\connect reelproof
ALTER SCHEMA public OWNER TO reelproof_owner;
GRANT USAGE ON SCHEMA public TO reelproof;
ALTER DEFAULT PRIVILEGES FOR ROLE reelproof_owner GRANT USAGE ON SCHEMAS TO reelproof;
ALTER DEFAULT PRIVILEGES FOR ROLE reelproof_owner
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO reelproof;
ALTER DEFAULT PRIVILEGES FOR ROLE reelproof_owner GRANT USAGE, SELECT ON SEQUENCES TO reelproof;
SQL
