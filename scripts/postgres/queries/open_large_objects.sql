-- Functions that make or change large objects, and that every role may call.
select pg_proc.oid::regprocedure::text as signature
from pg_proc
where
    pg_proc.pronamespace = 'pg_catalog'::regnamespace
    and pg_proc.proname in (
        'lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import', 'lo_put', 'lo_truncate', 'lo_truncate64', 'lowrite'
    )
    and exists (
        select 1
        from aclexplode(coalesce(pg_proc.proacl, acldefault('f', pg_proc.proowner))) as granted
        where granted.grantee = 0 and granted.privilege_type = 'EXECUTE'
    )
order by signature
