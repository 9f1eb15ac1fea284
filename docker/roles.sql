-- Run once by the superuser of PostgreSQL (its image does so at the first start). The owner of the schema migrates and makes the
-- role of the server, countersign_runtime, which can insert into the log and read it, and never change a row of it.
\set owner_password `cat /run/secrets/owner-password`
CREATE ROLE countersign_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE DATABASE countersign OWNER countersign_owner;
REVOKE ALL ON DATABASE countersign FROM PUBLIC;
GRANT CONNECT ON DATABASE countersign TO PUBLIC;
\connect countersign
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT ALL ON SCHEMA public TO countersign_owner;
