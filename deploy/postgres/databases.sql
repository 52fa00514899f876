-- Run once by the postgres image, as its superuser, on an empty data folder. Each owner sees only its own databases.
\getenv temporal_password TEMPORAL_DB_PASSWORD
\getenv dunning_password DUNNING_DB_PASSWORD

CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE CONNECT ON DATABASE temporal, temporal_visibility FROM PUBLIC;

CREATE ROLE dunning LOGIN PASSWORD :'dunning_password';
CREATE DATABASE dunning OWNER dunning;
REVOKE CONNECT ON DATABASE dunning FROM PUBLIC;
