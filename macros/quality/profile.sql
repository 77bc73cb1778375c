{#- Entries of all YAML files under `models` or `sources`. Only for the time when dbt parses the project and learns what
    a model depends on: there is no graph yet, and models may be parsed before those that they are to loop over. -#}
{% macro declared(kind) -%}
    {%- set entries = [] -%}
    {%- for file in ref.manifest.files.values() if file.dict_from_yaml -%}
        {%- do entries.extend(file.dict_from_yaml.get(kind, [])) -%}
    {%- endfor -%}
    {{ return(entries) }}
{%- endmacro %}

{#- Makes the model that calls it depend on all models that are profiled, so that they are built before. -#}
{% macro depend_on_profiled_tables() -%}
    {%- if execute -%}
        {%- for table in profiled_tables() if table.unique_id not in model.depends_on.nodes -%}
            {%- do exceptions.raise_compiler_error(
                table.model ~ ' was added after dbt had parsed ' ~ model.name ~ ', which would not wait for it. '
                ~ 'Run dbt once with --no-partial-parse.'
            ) -%}
        {%- endfor -%}
    {%- else -%}
        {%- for source in declared('sources') -%}
            {%- for table in source.tables if is_feed(table) -%}
                {%- do ref('stg_' ~ source.name ~ '__' ~ table.name) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for entry in declared('models') if entry.get('config', {}).get('meta', {}).profile -%}
            {%- do ref(entry.name) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Whether a source is a reconciled feed: a landed file that is not a list of control totals. -#}
{% macro is_feed(source) -%}
    {%- set meta = source.get('config', {}).get('meta', {}) -%}
    {{ return(meta.get('file') is not none and meta.get('format') != 'audit') }}
{%- endmacro %}

{#- Tables that are profiled: {unique_id, model, layer, relation, source_name, batch_column, without, concentration}.
    Staging models of feeds have a row for each landed row and never change. A core model is profiled where
    `config.meta.profile` of its YAML asks for it (docs/anomalies.md). -#}
{% macro profiled_tables() -%}
    {%- set feeds = {} -%}
    {%- for source in graph.get('sources', {}).values() if is_feed(source) -%}
        {%- do feeds.update({source.unique_id: source.source_name ~ '.' ~ source.name}) -%}
    {%- endfor -%}
    {%- set tables = [] -%}
    {%- for node in graph.get('nodes', {}).values() | sort(attribute='unique_id') if node.resource_type == 'model' -%}
        {%- set feed = node.depends_on.nodes | select('in', feeds) | first -%}
        {%- set settings = {'batch_column': 'batch_id'} if feed else node.config.meta.profile -%}
        {%- if settings -%}
            {%- do tables.append({
                'unique_id': node.unique_id,
                'model': node.name,
                'layer': node.schema,
                'relation': api.Relation.create(
                    database=node.database, schema=node.schema, identifier=node.alias
                ),
                'source_name': feeds.get(feed),
                'batch_column': settings.batch_column,
                'without': settings.get('without', []),
                'concentration': settings.get('concentration', {})
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}

{#- The queries behind the profile of a run's new batches, one per table: {profiles, values, texts, hashes}. -#}
{% macro profile_queries() -%}
    {%- set queries = {'profiles': [], 'values': [], 'texts': [], 'hashes': []} -%}
    {%- set tables = profiled_tables() if execute and flags.WHICH in ['run', 'build'] else [] -%}
    {%- set columns = profiled_columns(tables) if tables else {} -%}
    {%- set through = run_query('select ' ~ loaded_through()).columns[0][0] if tables and is_incremental() else 0 -%}
    {%- set rows = rows_to_profile(tables, through) if tables else {} -%}
    {%- for table in tables if columns.get(table.model) -%}
        {%- set own = columns[table.model] -%}
        {%- if rows[table.model].history -%}
            {#- The history is large and compared with nothing, so its costliest figures come from some 10,000 rows. -#}
            {%- do queries.profiles.append(profile_table(
                table, own, table.batch_column ~ ' = 1', (rows[table.model].history / 10000) | round(0, 'ceil') | int
            )) -%}
        {%- endif -%}
        {%- if rows[table.model].daily -%}
            {%- set are_new = table.batch_column ~ ' > ' ~ [through, 1] | max -%}
            {%- do queries.profiles.append(profile_table(table, own, are_new)) -%}
            {%- set watched = own if table.source_name else own | selectattr('name', 'in', table.concentration) | list -%}
            {%- if watched -%}
                {%- do queries['values'].append(profiled_values(table, watched, are_new)) -%}
            {%- endif -%}
            {%- if table.source_name -%}
                {%- do queries.texts.append(profiled_texts(table, own, are_new)) -%}
                {#- A row may repeat one of the seven batches before. -#}
                {%- do queries.hashes.append(hashed_rows(table, own, 'batch_id > ' ~ [through - 7, 1] | max)) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(queries) }}
{%- endmacro %}

{#- Columns of core whose most frequent value is monitored as if a feed had it: [(table, column, name of the feed's source)]. -#}
{% macro watched_concentrations() -%}
    {%- set watched = [] -%}
    {%- for table in profiled_tables() -%}
        {%- for column, source_name in table.concentration.items() -%}
            {%- do watched.append((table.model, column, source_name)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(watched) }}
{%- endmacro %}

{#- How much of a column a profile may show, by its classification. Whatever is not known to be harmless is hidden:
    - all: every figure, smallest, largest and most frequent values too;
    - summary: figures that sum up many rows, no single value;
    - counts: how many rows, nulls, distinct values, rows of the most frequent value and texts that look empty. -#}
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
    the models' descriptions. A column that no one has described is one that no one has classified.
    Places in files say nothing about the data. -#}
{% macro profiled_columns(tables) -%}
    {%- set models = tables | map(attribute='model') | list -%}
    {%- set described = {} -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name in models -%}
        {%- do described.update({node.name: node.columns}) -%}
    {%- endfor -%}
    {%- set without = {} -%}
    {%- for table in tables -%}
        {%- do without.update({table.model: table.without + [table.batch_column, 'batch_id', 'landed_file', 'line_number', 'byte_offset']}) -%}
    {%- endfor -%}
    {%- set found = run_query(
        "select table_name, column_name, data_type from information_schema.columns
        where table_schema in ('" ~ tables | map(attribute='layer') | unique | join("', '") ~ "')
            and table_name in ('" ~ models | join("', '") ~ "')
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
            {%- set number = duckdb__as_number(column) -%}
            {%- set histogram = duckdb__histogram(column) %}
            {
                'column_name': '{{ name }}',
                'role': '{{ column.role }}',
                'row_count': count(*),
                'value_count': count({{ name }}),
                'distinct_count': {{ 'coalesce(cast(cardinality(' ~ histogram ~ ') as bigint), 0)'
                    if duckdb__has_values(column) else 'count(distinct ' ~ name ~ ')' }},
                'counts': cast(null as ubigint[]),
                'extremes': {{ '[cast(min(' ~ name ~ ') as varchar), cast(max(' ~ name ~ ') as varchar)]'
                    if column.exposure == 'all' else 'cast(null as varchar[])' }},
                'figures': {{ duckdb__figures(column, number) if number
                    else 'cast(null as struct(mean double, stddev double, quantiles double[]))' }},
                'frequent': {{ 'map_entries(' ~ histogram ~ ')' if duckdb__has_values(column)
                    else 'cast(null as struct("key" varchar, "value" ubigint)[])' }}
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as profile
    from {{ table.relation }}
    where {{ condition }}
    group by {{ table.batch_column }}
{%- endmacro %}

{#- The same for a batch of many rows. The pass counts all rows and sets some aside; figures that are expensive to compute
    come from those. They are chosen by their content, so that they are the same in every build. -#}
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
        from {{ table.relation }}
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
            {{ duckdb__histogram(column) }} as {{ name }}__values
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

{#- How often each value of a column comes. -#}
{% macro duckdb__histogram(column) -%}
    histogram({{ 'cast(' ~ column.name ~ ' as varchar)' if duckdb__has_values(column) else column.name }})
{%- endmacro %}

{#- Mean, deviation and quantiles of a column as a number, as SQL. Where no single value may be shown, none where few of
    the rows they come from are filled: they would give those values away. -#}
{% macro duckdb__figures(column, number) -%}
    {%- set figures = '{mean: avg(' ~ number ~ '), stddev: stddev_pop(' ~ number ~ '), quantiles: quantile_disc('
        ~ number ~ ', [0.05, 0.25, 0.5, 0.75, 0.95])}' -%}
    {{ duckdb__of_many(column, figures) }}
{%- endmacro %}

{% macro duckdb__of_many(column, expression) -%}
    {{ expression if column.exposure == 'all'
        else 'case when count(' ~ column.name ~ ') >= 20 then ' ~ expression ~ ' end' }}
{%- endmacro %}

{#- How many distinct values a column has: counted, or estimated from how often each value came among the rows set aside
    (Haas and Stokes' first-order jackknife). `profile` is one element of what profile_table gives. -#}
{% macro distinct_count(profile) -%}
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
    cast(format('{:.9g}', {{ expression }}) as double)
{%- endmacro %}

{#- The texts of a daily batch, one row per value. Fewer than `least_count` filled rows show only how many look empty;
    `length_may_be_shown` is true unless the column is personal. -#}
{% macro profiled_texts(table, columns, condition) -%}
    {%- set texts = columns | selectattr('type', 'equalto', 'VARCHAR') | list -%}
    {%- set names = texts | map(attribute='name') | list -%}
    select
        '{{ table.model }}' as table_name,
        batch_id,
        unnest({{ names }}::varchar[]) as column_name,
        unnest([{{ names | join(', ') }}]::varchar[]) as text,
        unnest([
            {%- for column in texts %}{{ 1 if column.exposure == 'all' else 20 }}{{ ', ' if not loop.last }}{% endfor -%}
        ]::integer[]) as least_count,
        unnest([
            {%- for column in texts %}{{ column.exposure != 'counts' }}{{ ', ' if not loop.last }}{% endfor -%}
        ]::boolean[]) as length_may_be_shown
    from {{ table.relation }}
    where {{ condition }}
{%- endmacro %}

{#- The numbers and identifiers of a daily batch, one row each, with what a value shows by itself. Faults that leave mean, quantiles
    and distinct values as they are show in how many values have such a property:
    - value: represents the value without revealing it;
    - number: a measure, or the seconds of a time since midnight; round_unit: what a round one is a multiple of;
    - measure_before: the measure before it in the row, as the closing price is before the day's highest;
    - least_count: filled rows from which on more than the most frequent value may be shown;
    - codes: what distinguishes kinds of rows: codes, and the first two words of longer texts. -#}
{% macro profiled_values(table, columns, condition) -%}
    {%- set measures = duckdb__shown_measures(columns) -%}
    {%- set codes = columns | selectattr('role', 'equalto', 'code') | rejectattr('name', 'equalto', 'cdc_flag') | list
        if measures else [] -%}
    {%- set before = namespace(name='null') -%}
    {%- set elements = [] -%}
    {%- for column in columns -%}
    {%- set name = column.name -%}
    {%- set is_measure = column in measures -%}
    {%- set is_time = column.type.startswith('TIMESTAMP') and column.exposure != 'counts' -%}
    {%- set is_counted = is_measure or column.role == 'identifier' and name != 'cdc_dsn' -%}
    {%- if is_time or is_counted -%}
    {%- set element %}
    {
        'column_name': '{{ name }}',
        'value': {{ 'case when ' ~ name ~ ' is not null then hash(' ~ name ~ ') end' if is_counted
            else 'null::ubigint' }},
        'number': {{ name ~ '::double' if is_measure else 'epoch(' ~ name ~ ') % 86400' if is_time
            else 'null::double' }},
        'round_unit': {{ 60 if not is_measure else 10 if 'INT' in column.type else 1 }},
        'measure_before': {{ before.name if is_measure else 'null' }}::double,
        'least_count': {{ 1 if column.exposure == 'all' else 20 }}
    }
    {%- endset -%}
    {%- do elements.append(element) -%}
    {%- endif -%}
    {%- if is_measure -%}{%- set before.name = name -%}{%- endif -%}
    {%- endfor -%}
    {%- if not elements -%}
        {{ return(no_profiled_values()) }}
    {%- endif %}
    select
        '{{ table.model }}' as table_name,
        {{ table.batch_column }} as batch_id,
        [
            {%- for code in codes -%}
            array_to_string(split(cast({{ code.name }} as varchar), ' ')[:2], ' '){{ ', ' if not loop.last }}
            {%- endfor -%}
        ]::varchar[] as codes,
        unnest([
            {{ elements | join(',') }}
        ], recursive := true)
    from {{ table.relation }}
    where {{ condition }}
{%- endmacro %}

{% macro duckdb__shown_measures(columns) -%}
    {{ return(columns | selectattr('role', 'equalto', 'measure') | rejectattr('exposure', 'equalto', 'counts') | list) }}
{%- endmacro %}

{#- The content of a daily batch's rows, one hash per row, without their times and sequence numbers, by which a row that comes
    again may differ: once with identifiers, and once without them if there are measures to distinguish rows. -#}
{% macro hashed_rows(table, columns, condition) -%}
    {%- set content = columns | rejectattr('role', 'equalto', 'time')
        | rejectattr('name', 'in', ['cdc_flag', 'cdc_dsn']) | list -%}
    {%- set described = content | rejectattr('role', 'equalto', 'identifier') | map(attribute='name') | list %}
    select
        '{{ table.model }}' as table_name,
        batch_id,
        unnest([
            {'compared': 'content', 'hash': hash({{ content | map(attribute='name') | join(', ') or 'batch_id' }})}
            {%- if duckdb__shown_measures(content) -%}
            , {'compared': 'measures', 'hash': hash({{ described | join(', ') }})}
            {%- endif -%}
        ], recursive := true)
    from {{ table.relation }}
    where {{ condition }}
{%- endmacro %}

{#- Rows of each table that are to be profiled, as {table: {history, daily}}; `through` is the last batch that is
    profiled already. -#}
{% macro rows_to_profile(tables, through) -%}
    {%- set found = {} -%}
    {%- set counts = [] -%}
    {%- for table in tables -%}
        {%- do counts.append(
            "select '" ~ table.model ~ "' as table_name, count(*) filter (where " ~ table.batch_column
            ~ ' = 1) as history, count(*) filter (where ' ~ table.batch_column ~ ' > 1) as daily from ' ~ table.relation
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

{#- The columns of profiled_texts without a row. -#}
{% macro no_profiled_texts() -%}
    select
        cast(null as varchar) as table_name,
        cast(null as integer) as batch_id,
        cast(null as varchar) as column_name,
        cast(null as varchar) as text,
        cast(null as integer) as least_count,
        cast(null as boolean) as length_may_be_shown
    where false
{%- endmacro %}

{#- The columns of profiled_values without a row. -#}
{% macro no_profiled_values() -%}
    select
        cast(null as varchar) as table_name,
        cast(null as integer) as batch_id,
        cast(null as varchar[]) as codes,
        cast(null as varchar) as column_name,
        cast(null as ubigint) as value,
        cast(null as double) as number,
        cast(null as integer) as round_unit,
        cast(null as double) as measure_before,
        cast(null as integer) as least_count
    where false
{%- endmacro %}

{#- The columns of hashed_rows without a row. -#}
{% macro no_hashed_rows() -%}
    select
        cast(null as varchar) as table_name,
        cast(null as integer) as batch_id,
        cast(null as varchar) as compared,
        cast(null as ubigint) as hash
    where false
{%- endmacro %}

{#- A text of only blanks and punctuation, or a placeholder word. -#}
{% macro is_blank(text) -%}
    regexp_full_match(
        {{ text }}, '(?i)[ ._?#*-]*(n/?a|nan|nil|none|null|tbd|undefined|unknown)?[ ._?#*-]*'
    )
{%- endmacro %}

{#- A text with characters other than ASCII, which take more than a byte. -#}
{% macro is_non_ascii(text) -%}
    strlen({{ text }}) <> length({{ text }})
{%- endmacro %}

{#- A text with what a wrong encoding leaves: U+FFFD, control characters, and what UTF-8 becomes where it is read as
    Latin-1, such as Ã and © for é. -#}
{% macro is_garbled(text) -%}
    {{ is_non_ascii(text) }}
    and regexp_matches({{ text }}, '[\x{80}-\x{9f}\x{fffd}]|[\x{c2}-\x{c5}][\x{80}-\x{bf}]')
{%- endmacro %}

{#- How often counted values came together. -#}
{% macro times_seen(entries) -%}
    cast(list_sum(list_transform({{ entries }}, lambda entry: entry.value)) as double)
{%- endmacro %}

{#- The 25 most frequent of counted values, each with its share of `total`; ties in the order of the values. `total` is a
    column: an expression would be worked out for each value. -#}
{% macro frequent_values(entries, total) -%}
    {#- Sorted as numbers that hold count and place, not as pairs: entries come in the order of their values. #}
    list_transform(
        list_select({{ entries }}, list_transform(
            list_sort(list_transform(
                list_zip({{ entries }}, range(1, len({{ entries }}) + 1)),
                lambda placed: placed[2] - (cast(placed[1].value as bigint) << 32)
            ))[1:25],
            lambda rank: rank & 4294967295
        )),
        lambda e: {'value': e.key, 'share': e.value / {{ total }}}
    )
{%- endmacro %}
