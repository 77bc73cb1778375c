-- HMAC-SHA-256 under the key whose two pads are session variables. Where they are missing it fails, and never gives a
-- null that would match no one.
create or replace temporary macro erasure_hash(kind, subject) as sha256(
    coalesce(getvariable('erasure_outer'), error('the erasure key is missing'))
    || unhex(sha256(
        coalesce(getvariable('erasure_inner'), error('the erasure key is missing'))
        || encode(kind || ':' || subject)
    ))
)
