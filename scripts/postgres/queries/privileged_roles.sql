-- Roles that are more than readers: they would see past row-level security, or may do what readers may not.
select rolname
from pg_roles
where
    rolsuper
    or rolbypassrls
    or rolcreaterole
    or rolcreatedb
    or rolreplication
    or oid in (select membership.member from pg_auth_members as membership)
    or oid in (select relation.relowner from pg_class as relation)
