with rates as (
    select
        nameplate,
        sum(prospects) as prospects,
        sum(case when is_customer then 0 else prospects end) as open
    from marts.prospect_funnel
    where nameplate not in ('*', 'None')
    group by nameplate
)

select 'Most prospects still to be won are ' || max_by(nameplate, open) || ': ' || max(open) || '.' from rates
