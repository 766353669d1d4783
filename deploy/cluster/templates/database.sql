-- Run once, on the machine that leads, as the user postgres: psql -f database.sql
CREATE ROLE tillgate LOGIN PASSWORD '${password_tillgate}';
CREATE DATABASE tillgate OWNER tillgate ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE tillgate FROM PUBLIC;
