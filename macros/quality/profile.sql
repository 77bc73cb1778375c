{#- Tables that are profiled: {model, layer, batch_column, without}. Staging tables hold a row for each landed row and
    never change. In core, a row is profiled in the batch that made it, and without the columns that a later batch may
    fill or change: only so is the profile of a batch the same however loads were split. -#}
{% macro profiled_tables() -%}
    {%- set tables = [] -%}
    {%- for source_name in reconciled_sources() -%}
        {%- do tables.append({
            'model': 'stg_' ~ source_name | replace('.', '__'), 'layer': 'staging',
            'batch_column': 'batch_id', 'without': []
        }) -%}
    {%- endfor -%}
    {%- set versions = ['is_current', 'end_date'] -%}
    {%- set core = {
        'dim_account': ['batch_id', versions],
        'dim_broker': ['batch_id', versions],
        'dim_company': ['batch_id', versions],
        'dim_customer': ['batch_id', versions + ['agency_id', 'credit_rating', 'net_worth', 'marketing_nameplate']],
        'dim_security': ['batch_id', versions],
        'dim_trade': ['first_batch_id', [
            'sk_close_date_id', 'sk_close_time_id', 'status', 'type', 'cash_flag', 'quantity', 'bid_price',
            'executed_by', 'trade_price', 'fee', 'commission', 'tax'
        ]],
        'fact_cash_balances': ['first_batch_id', ['cash']],
        'fact_holdings': ['batch_id', ['sk_date_id', 'sk_time_id', 'current_price']],
        'fact_market_history': ['batch_id', []],
        'fact_watches': ['first_batch_id', ['sk_date_id_date_removed', 'removed_at']],
        'financial': ['batch_id', []]
    } -%}
    {%- for model, settings in core.items() -%}
        {%- do tables.append({
            'model': model, 'layer': 'core', 'batch_column': settings[0], 'without': settings[1]
        }) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}

{#- How much of a column a profile may show, by its classification. Whatever is not known to be harmless is hidden:
    - all: every figure, smallest, largest and most frequent values too;
    - summary: figures that sum up many rows, no single value;
    - counts: rows, nulls and distinct values only. -#}
{% macro profile_exposure(classification) -%}
    {{ return({'public': 'all', 'internal': 'all', 'confidential': 'summary'}.get(classification, 'counts')) }}
{%- endmacro %}

{#- What a column is, by type and name: an identifier, a measure, a time, or a code that may have categories. -#}
{% macro profile_role(column_name, data_type) -%}
    {%- set type = data_type | lower -%}
    {%- if type.startswith('timestamp') or type == 'date' -%}
        {{ return('time') }}
    {%- elif column_name.startswith('sk_') or column_name.endswith('_id') and 'int' in type
        or column_name in ['cdc_dsn', 'symbol', 'agency_id'] -%}
        {{ return('identifier') }}
    {%- elif 'int' in type or type.startswith('decimal') or type in ['double', 'float'] -%}
        {{ return('measure') }}
    {%- endif -%}
    {{ return('code') }}
{%- endmacro %}

{#- Columns of some tables as {table: [{name, type, role, exposure}, …]}: types from the warehouse, classification from
    the models' descriptions. A column that nobody has described is one that nobody has classified.
    Places in files say nothing about the data. -#}
{% macro profiled_columns(tables) -%}
    {%- set models = tables | map(attribute='model') | list -%}
    {%- set described = {} -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name in models -%}
        {%- do described.update({node.name: node.columns}) -%}
    {%- endfor -%}
    {%- set without = {} -%}
    {%- for table in tables -%}
        {%- do without.update({table.model: table.without + ['batch_id', 'first_batch_id', 'landed_file', 'line_number', 'byte_offset']}) -%}
    {%- endfor -%}
    {%- set found = run_query(
        "select table_name, column_name, data_type from information_schema.columns
        where table_schema in ('staging', 'core') and table_name in ('" ~ models | join("', '") ~ "')
        order by table_name, ordinal_position"
    ) -%}
    {%- set columns = {} -%}
    {%- for row in found.rows if row['column_name'] not in without[row['table_name']] -%}
        {%- set column = described.get(row['table_name'], {}).get(row['column_name'], {}) -%}
        {%- do columns.setdefault(row['table_name'], []).append({
            'name': row['column_name'],
            'type': row['data_type'],
            'role': profile_role(row['column_name'], row['data_type']),
            'exposure': profile_exposure(column.get('config', {}).get('meta', {}).get('classification'))
        }) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#- The profile of one table's new batches, as SQL: one pass over their rows. -#}
{% macro profile_table(table, columns, condition, sample=1) -%}
    {{ return(adapter.dispatch('profile_table')(table, columns, condition, sample)) }}
{%- endmacro %}

{% macro default__profile_table(table, columns, condition, sample) -%}
    {%- do exceptions.raise_compiler_error('Tables are profiled on DuckDB only.') -%}
{%- endmacro %}

{% macro duckdb__profile_table(table, columns, condition, sample) -%}
    {%- if sample > 1 -%}
    {{ return(duckdb__profile_large_table(table, columns, condition, sample)) }}
    {%- endif %}
    select
        '{{ table.layer }}' as layer,
        '{{ table.model }}' as table_name,
        cast({{ table.batch_column }} as integer) as batch_id,
        unnest([
            {%- for column in columns -%}
            {%- set name = column.name -%}
            {%- set number = duckdb__as_number(column) %}
            {
                'column_name': '{{ name }}',
                'role': '{{ column.role }}',
                'row_count': count(*),
                'value_count': count({{ name }}),
                'distinct_count': count(distinct {{ name }}),
                'counts': cast(null as ubigint[]),
                'extremes': {{ '[cast(min(' ~ name ~ ') as varchar), cast(max(' ~ name ~ ') as varchar)]'
                    if column.exposure == 'all' else 'cast(null as varchar[])' }},
                'figures': {{ duckdb__figures(column, number) if number
                    else 'cast(null as struct(mean double, stddev double, quantiles double[]))' }},
                'frequent': {{ 'map_entries(histogram(cast(' ~ name ~ ' as varchar)))'
                    if duckdb__has_values(column)
                    else 'cast(null as struct("key" varchar, "value" ubigint)[])' }}
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as profile
    from {{ ref(table.model) }}
    where {{ condition }}
    group by {{ table.batch_column }}
{%- endmacro %}

{#- The same for a batch of many rows. The pass counts all rows and sets some aside; figures that are dear to compute
    come from those. They are told by their content, so that they are the same in every build. -#}
{% macro duckdb__profile_large_table(table, columns, condition, sample) -%}
    {%- set names = columns | map(attribute='name') | list -%}
    select * from (
    with pass as materialized (
        select
            cast({{ table.batch_column }} as integer) as batch_id,
            count(*) as row_count,
            {%- for column in columns -%}
            {%- set name = column.name %}
            count({{ name }}) as {{ name }}__count,
            {%- if column.exposure == 'all' %}
            [cast(min({{ name }}) as varchar), cast(max({{ name }}) as varchar)] as {{ name }}__extremes,
            {%- endif %}
            {%- endfor %}
            {#- Hashes are spread over all of 64 bits. Comparing them is cheaper than dividing them. #}
            list({
                {%- for name in names -%}'{{ name }}': {{ name }}{{ ', ' if not loop.last }}{%- endfor -%}
            }) filter (where hash({{ names[:3] | join(', ') }}) < cast({{ 2 ** 64 // sample }} as ubigint)) as set_aside
        from {{ ref(table.model) }}
        where {{ condition }}
        group by {{ table.batch_column }}
    ),

    looked_at as (
        select
            {%- for column in columns -%}
            {%- set name = column.name -%}
            {%- set number = duckdb__as_number(column) %}
            {%- if number %}
            {{ duckdb__figures(column, number) }} as {{ name }}__figures,
            {%- endif %}
            histogram({{ 'cast(' ~ name ~ ' as varchar)' if duckdb__has_values(column) else name }}) as {{ name }}__values
            {{- ',' if not loop.last }}
            {%- endfor %}
        from (select unnest(set_aside, recursive := true) from pass)
    )

    select
        '{{ table.layer }}' as layer,
        '{{ table.model }}' as table_name,
        batch_id,
        unnest([
            {%- for column in columns -%}
            {%- set name = column.name %}
            {
                'column_name': '{{ name }}',
                'role': '{{ column.role }}',
                'row_count': row_count,
                'value_count': {{ name }}__count,
                'distinct_count': cast(null as bigint),
                'counts': map_values({{ name }}__values),
                'extremes': {{ name ~ '__extremes' if column.exposure == 'all' else 'cast(null as varchar[])' }},
                'figures': {{ 'case when ' ~ name ~ '__count >= 20 then ' ~ name ~ '__figures end'
                    if duckdb__as_number(column)
                    else 'cast(null as struct(mean double, stddev double, quantiles double[]))' }},
                'frequent': {{ 'map_entries(' ~ name ~ '__values)' if duckdb__has_values(column)
                    else 'cast(null as struct("key" varchar, "value" ubigint)[])' }}
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as profile
    from pass
    cross join looked_at
    )
{%- endmacro %}

{#- Mean, deviation and quantiles of a column as a number, as SQL. Where no single value may be shown, none where few of
    the rows they come from are filled: they would give those values away. -#}
{% macro duckdb__figures(column, number) -%}
    {%- set figures = '{mean: avg(' ~ number ~ '), stddev: stddev_pop(' ~ number ~ '), quantiles: quantile_disc('
        ~ number ~ ', [0.05, 0.25, 0.5, 0.75, 0.95])}' -%}
    {{ 'case when count(' ~ column.name ~ ') >= 20 then ' ~ figures ~ ' end' if column.exposure == 'summary' else figures }}
{%- endmacro %}

{#- How many distinct values a column has: counted, or estimated from how often each value came among the rows set aside
    (Haas and Stokes' first-order jackknife). `profile` is one element of what profile_table gives. -#}
{% macro distinct_count(profile) -%}
    {{ return(adapter.dispatch('distinct_count')(profile)) }}
{%- endmacro %}

{% macro default__distinct_count(profile) -%}
    {{ profile }}.distinct_count
{%- endmacro %}

{% macro duckdb__distinct_count(profile) -%}
    {%- set counts = 'coalesce(' ~ profile ~ '.counts, [])' -%}
    {%- set singles = 'len(list_filter(' ~ counts ~ ', lambda times: times = 1))' -%}
    {%- set seen = 'greatest(list_sum(' ~ counts ~ '), 1)' -%}
    coalesce({{ profile }}.distinct_count, cast(round(len({{ counts }}) / (
            1 - (1 - least({{ seen }} / greatest({{ profile }}.value_count, 1), 1)) * {{ singles }} / {{ seen }}
        )) as bigint))
{%- endmacro %}

{#- A column as a number: a measure's own, days since 1970-01-01 of a time; none where it may not be shown. -#}
{% macro duckdb__as_number(column) -%}
    {%- if column.exposure == 'counts' -%}
        {{ return(none) }}
    {%- elif column.role == 'measure' -%}
        {{ return('cast(' ~ column.name ~ ' as double)') }}
    {%- elif column.role == 'time' -%}
        {{ return('epoch(' ~ column.name ~ ') / 86400.0') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- Whether a column's most frequent values are listed. -#}
{% macro duckdb__has_values(column) -%}
    {{ return(column.exposure == 'all' and column.role in ['code', 'identifier']) }}
{%- endmacro %}

{#- Nine significant digits: sums of fractions differ beyond that with the order in which threads add them up. -#}
{% macro rounded(expression) -%}
    {{ return(adapter.dispatch('rounded')(expression)) }}
{%- endmacro %}

{% macro default__rounded(expression) -%}
    round({{ expression }}, 6)
{%- endmacro %}

{% macro duckdb__rounded(expression) -%}
    cast(format('{:.9g}', {{ expression }}) as double)
{%- endmacro %}

{#- Rows of each table that are to be profiled, as {table: {history, daily}}; `through` is the last batch that is
    profiled already. -#}
{% macro rows_to_profile(tables, through) -%}
    {%- set found = {} -%}
    {%- set counts = [] -%}
    {%- for table in tables -%}
        {%- do counts.append(
            "select '" ~ table.model ~ "' as table_name, count(*) filter (where " ~ table.batch_column
            ~ ' = 1) as history, count(*) filter (where ' ~ table.batch_column ~ ' > 1) as daily from ' ~ ref(table.model)
            ~ ' where ' ~ table.batch_column ~ ' > ' ~ through
        ) -%}
    {%- endfor -%}
    {%- for row in run_query(counts | join(' union all ')).rows -%}
        {%- do found.update({row['table_name']: {'history': row['history'] | int, 'daily': row['daily'] | int}}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The columns of a profile without a row. -#}
{% macro no_profile() -%}
    select
        cast(null as varchar) as layer,
        cast(null as varchar) as table_name,
        cast(null as integer) as batch_id,
        cast(null as struct(
            column_name varchar, role varchar, row_count bigint, value_count bigint, distinct_count bigint,
            counts ubigint[], extremes varchar[], figures struct(mean double, stddev double, quantiles double[]),
            frequent struct("key" varchar, "value" ubigint)[]
        )) as profile
    where false
{%- endmacro %}

{#- How often counted values came together. -#}
{% macro times_seen(entries) -%}
    {{ return(adapter.dispatch('times_seen')(entries)) }}
{%- endmacro %}

{% macro default__times_seen(entries) -%}
    0
{%- endmacro %}

{% macro duckdb__times_seen(entries) -%}
    cast(list_sum(list_transform({{ entries }}, lambda entry: entry.value)) as double)
{%- endmacro %}

{#- The 25 most frequent of counted values, each with its share of `total`; ties in the order of the values. `total` is a
    column: an expression would be worked out for each value. -#}
{% macro frequent_values(entries, total) -%}
    {{ return(adapter.dispatch('frequent_values')(entries, total)) }}
{%- endmacro %}

{% macro default__frequent_values(entries, total) -%}
    {{ entries }}
{%- endmacro %}

{% macro duckdb__frequent_values(entries, total) -%}
    list_transform(
        list_sort(list_transform({{ entries }}, lambda e: {'order': -cast(e.value as bigint), 'value': e.key}))[1:25],
        lambda e: {'value': e.value, 'share': -e.order / {{ total }}}
    )
{%- endmacro %}
