{#- Rows of a reader without erased persons, as SQL: their keys replaced, what is personal in them emptied. Where
    the ledger is empty, the reader's SQL as it is. Counts and alerts stay: a row is never dropped, and a birth date
    that is out of range is replaced by another one that is. -#}
{% macro without_erased(layout, landed) -%}
    {{ return(adapter.dispatch('without_erased')(layout, landed)) }}
{%- endmacro %}

{#- Where the ledger names anyone, scripts/spark refuses to load. -#}
{% macro spark__without_erased(layout, landed) -%}
    {{ return(landed) }}
{%- endmacro %}

{% macro duckdb__without_erased(layout, landed) -%}
    {%- set keys = subject_columns(layout) -%}
    {%- if not keys or not has_erasures() -%}{{ return(landed) }}{%- endif -%}
    {%- set is_xml = layout.config.meta.format == 'xml' -%}
    {%- set person = layout.config.meta.person_key -%}
    {%- set marks, hits = [], [] -%}
    {%- for key in keys -%}
        {%- do marks.append('erased_' ~ key.name ~ '.replacement') -%}
        {%- do hits.append('erased_' ~ key.name ~ '.replacement is not null') -%}
    {%- endfor -%}
    {%- if person -%}{%- do hits.append('erased_person.replacement is not null') -%}{%- endif -%}
    {%- set is_erased = '(' ~ hits | join(' or ') ~ ')' -%}
    {%- set needs_dates = [] -%}
    {%- set values -%}
        {%- for column in layout.columns.values() -%}
            {%- set meta, name = column.config.meta, 'landed.' ~ column.name -%}
            {%- set type = 'varchar' if is_xml else column.data_type -%}
            {%- if meta.subject -%}
                {%- set mark = 'erased_' ~ column.name ~ '.replacement' -%}
                coalesce(
                    cast({{ mark }} as {{ type }}),
                    {%- if person %}
                    erased_person.replacement || '-' || substring(erasure_hash('{{ meta.subject }}', {{ name }}), 1, 12),
                    {%- endif %}
                    {{ name }}
                ) as {{ column.name }},
            {%- elif is_erasable(column) -%}
                case
                    when not {{ is_erased }} then {{ name }}
                    {% if meta.erase == 'token' -%}
                    {{ 'when ' ~ name ~ ' is not null then' if is_xml else 'else' }}
                        'ERASED ' || coalesce({{ marks | join(', ') }}{{ ', erased_person.replacement' if person }})
                    {% elif column.name in (layout.config.meta['key'] or {}) -%}
                    {#- Rows that differ in nothing else would count as one that came twice. -#}
                    when {{ name }} is not null then 'ERASED ' || substring(erasure_hash('text', {{ name }}), 1, 12)
                    {% elif meta.kind == 'birth_date' -%}
                    {%- do needs_dates.append(true) -%}
                    when
                        try_cast(nullif(cast({{ name }} as string), '') as date)
                        not between batch_dates.batch_date - interval 100 year + interval 1 day and batch_dates.batch_date
                        then cast('1000-01-01' as {{ type }})
                    {% if is_xml %}when {{ name }} is not null then ''{% endif %}
                    {% elif is_xml -%}
                    when {{ name }} is not null then ''
                    {% endif -%}
                end as {{ column.name }},
            {%- endif %}
        {% endfor -%}
    {%- endset -%}
    {%- set result %}
    select landed.* replace (
        {{ values | trim | trim(',') }}
    )
    from (
        {{ landed }}
    ) as landed
    {%- for key in keys %}
    left join erased_subjects as erased_{{ key.name }}
        on
            erased_{{ key.name }}.kind = '{{ key.config.meta.subject }}'
            and erased_{{ key.name }}.hash = erasure_hash('{{ key.config.meta.subject }}', {{ subject_value('landed.' ~ key.name, key) }})
    {%- endfor %}
    {%- if person %}
    left join erased_subjects as erased_person
        on
            erased_person.kind = 'person'
            and erased_person.hash = erasure_hash('person', {{ person_match_key(*person) }})
    {%- endif %}
    {%- if needs_dates %}
    left join (
        {{ landed_batch_dates() }}
    ) as batch_dates on landed.batch_id = batch_dates.batch_id
    {%- endif %}
    {%- endset -%}
    {{ return(result) }}
{%- endmacro %}

{#- Whether the ledger names anyone. -#}
{% macro has_erasures() -%}
    {%- set state = state_at_start() -%}
    {%- if state -%}{{ return(state.has_erasures) }}{%- endif -%}
    {{ return(execute and run_query('select count(*) from erased_subjects').columns[0][0] > 0) }}
{%- endmacro %}

{#- Columns of a layout that identify the person a row is about. -#}
{% macro subject_columns(layout) -%}
    {%- set found = [] -%}
    {%- for column in layout.columns.values() if column.config.meta.subject -%}
        {%- do found.append(column) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- A key's value in the one spelling that the ledger hashes, as SQL: 007 is 7. -#}
{% macro subject_value(value, column) -%}
    {{ return(value if column.data_type == 'varchar' else 'cast(try_cast(' ~ value ~ ' as bigint) as string)') }}
{%- endmacro %}

{#- Whether an erasure empties a column: what is personal, and text in which anything may stand; not what
    totals need or what is about someone else, which says `erase: keep`. -#}
{% macro is_erasable(column) -%}
    {%- set meta = column.config.meta -%}
    {{ return(
        not meta.presence and not meta.subject and meta.erase != 'keep'
        and (meta.classification in ['personal', 'sensitive'] or meta.erase in ['token', 'clear'])
    ) }}
{%- endmacro %}

{#- The date of each batch that has landed, as SQL. -#}
{% macro landed_batch_dates() -%}
    {%- set files = run_query(
        "select batch_id, file_path from landing_area where source_name = 'reference.batch_date' order by batch_id"
    ).rows | list -%}
    {{ return(duckdb__read_delimited(landing_layout('reference.batch_date'), files)) }}
{%- endmacro %}

{#- Rejected rows, from the CTE named, with the text of those about an erased person taken out. -#}
{% macro without_erased_text(relation) -%}
    {%- set conditions = [] -%}
    {%- for layout in graph.sources.values() if subject_columns(layout) -%}
        {%- do conditions.append(
            "(source_name = '" ~ layout.source_name ~ '.' ~ layout.name ~ "' and (" ~ is_text_of_erased(layout) ~ '))'
        ) -%}
    {%- endfor %}
    select {{ relation }}.* exclude (is_erased) replace (
        case when is_erased then null else column_name end as column_name,
        case when is_erased then 'about an erased person' else reason end as reason,
        case when is_erased then 'ERASED' else raw_text end as raw_text
    )
    from (
        select
            *,
            coalesce(raw_text = 'ERASED' or raw_text like '%ActionType="ERASED"%'
                or {{ conditions | join('\n                or ') }}, false) as is_erased
        from {{ relation }}
    ) as {{ relation }}
{%- endmacro %}

{#- Whether the column raw_text holds the text of a row about an erased person, as SQL. Where the number of fields is
    wrong, any field may be the key. -#}
{% macro is_text_of_erased(layout) -%}
    {%- set format = layout.config.meta.format -%}
    {%- set found = [] -%}
    {%- for column in subject_columns(layout) -%}
        {%- set kind = column.config.meta.subject -%}
        {%- if format == 'xml' -%}
            {%- set attribute = column.config.meta.path.split('@')[-1] -%}
            {%- set candidates = "regexp_extract_all(raw_text, '\\b" ~ attribute ~ "\\s*=\\s*[\"'']\\s*(\\d+)', 1)" -%}
        {%- else -%}
            {%- set position = (layout.columns | list).index(column.name) + 1 -%}
            {%- set shift = 'case when batch_id > 1 then 2 else 0 end' if layout.config.meta.cdc else '0' -%}
            {%- set fields = split_fields(layout) | replace('line', 'raw_text') -%}
            {%- set candidates = 'case when len(' ~ fields ~ ') = ' ~ layout.columns | length ~ ' + ' ~ shift
                ~ ' then [' ~ fields ~ '[' ~ position ~ ' + ' ~ shift ~ ']] else ' ~ fields ~ ' end' -%}
        {%- endif -%}
        {%- do found.append(
            "list_has_any(list_transform(" ~ candidates ~ ", lambda part: erasure_hash('" ~ kind ~ "', "
            ~ subject_value('part', column) ~ ")), (select list(hash) from erased_subjects where kind = '" ~ kind ~ "'))"
        ) -%}
    {%- endfor -%}
    {{ return(found | join(' or ')) }}
{%- endmacro %}
