{#- Rows of a source's landed files that its reader leaves out, with the first reason for each, as SQL. This reads whole
    files as text once more, so call it only where rows are missing.
    Gives: source_name, batch_id, file_name, line_number, byte_offset, column_name, reason, raw_text. -#}
{% macro unreadable_rows(source_name, batch_ids) -%}
    {%- set layout = landing_layout(source_name) -%}
    {%- set files = landed_files_of(source_name, batch_ids) -%}
    {%- if layout.config.meta.format == 'xml' -%}
        {{ unreadable_xml(layout, source_name) }}
    {%- elif layout.config.meta.format == 'fixed' -%}
        {{ unreadable_fixed(layout, source_name, files) }}
    {%- else -%}
        {{ unreadable_delimited(layout, source_name, files) }}
    {%- endif -%}
{%- endmacro %}

{#- CASE over checks [(column, reason as SQL, condition of a sound row), …]: the first that fails, as a struct. -#}
{% macro first_failed(checks) -%}
    case
        {%- for column_name, reason, sound in checks %}
        when not coalesce({{ sound }}, false)
            then {column_name: {{ "'" ~ column_name ~ "'" if column_name else 'null::varchar' }}, reason: {{ reason }}}
        {%- endfor %}
    end
{%- endmacro %}

{% macro unreadable_delimited(layout, source_name, files) -%}
    {%- set parts = [] -%}
    {%- for file in files -%}
        {%- do parts.append(unreadable_in_delimited_file(layout, source_name, file)) -%}
    {%- endfor -%}
    {{ parts | join('\nunion all\n') }}
{%- endmacro %}

{% macro unreadable_in_delimited_file(layout, source_name, file) -%}
    {%- set names = ['cdc_flag', 'cdc_dsn'] if layout.config.meta.cdc and file[0] > 1 else [] -%}
    {%- set checks = [] -%}
    {%- set count = names | length + layout.columns | length -%}
    {%- do checks.append((none, "'wrong number of fields: ' || len(fields) || ' instead of " ~ count ~ "'",
        'len(fields) >= ' ~ count ~ ' and list_count(fields[' ~ (count + 1) ~ ':]) = 0')) -%}
    {%- if names -%}
        {%- do checks.extend(landed_value_checks('cdc_flag', 'fields[1]', 'varchar', {'accepted': ['I', 'U']})) -%}
        {%- do checks.extend(landed_value_checks('cdc_dsn', 'fields[2]', 'bigint', {'required': true})) -%}
    {%- endif -%}
    {%- for column in layout.columns.values() -%}
        {%- set value = 'fields[' ~ (loop.index + names | length) ~ ']' -%}
        {%- do checks.extend(landed_value_checks(column.name, value, column.data_type, column.config.meta)) -%}
    {%- endfor %}
    select
        '{{ source_name }}' as source_name,
        {{ file[0] }} as batch_id,
        '{{ file[2] | replace("'", "''") }}' as file_name,
        line_number,
        null::bigint as byte_offset,
        failed.column_name as column_name,
        failed.reason as reason,
        line as raw_text
    from (
        select line, line_number, {{ first_failed(checks) | indent(12) }} as failed
        from ({{ duckdb__numbered_fields(layout, file) }})
    )
    where failed is not null
{%- endmacro %}

{#- Lines of a delimited file with their numbers from 1 and their fields as text; null where a field is
    empty. -#}
{% macro duckdb__numbered_fields(layout, file) -%}
    select
        line,
        line_number,
        list_transform({{ split_fields(layout) }}, lambda field: nullif(field, '')) as fields
    from ({{ duckdb__numbered_records(file) if layout.config.meta.format == 'csv' else duckdb__numbered_lines([file]) }})
    where nullif(line, '') is not null
{%- endmacro %}

{#- Records of a comma-separated file: lines, joined where a quoted field holds line ends. A record begins where the
    quotes before it are even in number. -#}
{% macro duckdb__numbered_records(file) -%}
    select
        any_value(batch_id) as batch_id,
        any_value(file_name) as file_name,
        string_agg(coalesce(line, ''), chr(10) order by line_number) as line,
        min(line_number) as line_number
    from (
        select
            *,
            sum(case when quotes_before % 2 = 0 then 1 else 0 end) over (order by line_number) as record_number
        from (
            select
                *,
                coalesce(sum(length(line) - length(replace(line, '"', ''))) over (
                    order by line_number rows between unbounded preceding and 1 preceding
                ), 0) as quotes_before
            from ({{ duckdb__numbered_lines([file]) }})
        )
    )
    group by record_number
{%- endmacro %}

{#- A line's fields as a list of text, quotes resolved. -#}
{% macro split_fields(layout) -%}
    {%- if layout.config.meta.format == 'pipe' -%}
        string_split(line, '|')
    {%- else -%}
        list_transform(
            regexp_extract_all(line || ',', '("(?:[^"]|"")*"|[^,]*),', 1),
            lambda part: case
                when part like '"%"' then replace(part[2:-2], '""', '"')
                else part
            end
        )
    {%- endif -%}
{%- endmacro %}

{#- Checks of one value, as text: it is there, it is known, it fits. -#}
{% macro landed_value_checks(name, value, data_type, meta) -%}
    {%- set checks = [] -%}
    {%- if meta.accepted -%}
        {%- do checks.append((name, "coalesce('''' || " ~ value ~ " || '''', 'nothing') || ' is not one of "
            ~ meta.accepted | join(', ') ~ "'", value ~ " in ('" ~ meta.accepted | join("', '") ~ "')")) -%}
    {%- elif meta.required -%}
        {%- do checks.append((name, "'empty, but required'", value ~ ' is not null')) -%}
    {%- endif -%}
    {%- if data_type != 'varchar' -%}
        {%- do checks.append((name, "'''' || " ~ value ~ " || ''' is not of type " ~ data_type ~ "'",
            value ~ ' is null or ' ~ fits_type(value, data_type))) -%}
    {%- endif -%}
    {{ return(checks) }}
{%- endmacro %}

{% macro unreadable_fixed(layout, source_name, files) -%}
    {%- set fixed = [] -%}
    {%- for node in graph.sources.values() if node.config.meta.format == 'fixed' -%}
        {%- do fixed.append(node) -%}
    {%- endfor -%}
    {%- set known = fixed | map(attribute='config.meta.record_type') | list -%}
    {%- set record_type = layout.config.meta.record_type -%}
    {%- set checks = [('rec_type', "'unknown record type ''' || substring(line, 16, 3) || ''''",
        "substring(line, 16, 3) = '" ~ record_type ~ "'")] -%}
    {%- for column in layout.columns.values() -%}
        {%- set text, value = fixed_text(layout, column), fixed_value(layout, column) -%}
        {%- set meta = column.config.meta -%}
        {%- if meta.required -%}
            {%- do checks.append((column.name, "'truncated or empty: the record has ' || length(line) || ' characters'",
                text ~ ' is not null')) -%}
        {%- endif -%}
        {%- if meta.accepted -%}
            {%- do checks.append((column.name, "'''' || " ~ text ~ " || ''' is not one of " ~ meta.accepted | join(', ')
                ~ "'", text ~ " in ('" ~ meta.accepted | join("', '") ~ "')")) -%}
        {%- elif value != text -%}
            {%- do checks.append((column.name, "'''' || " ~ text ~ " || ''' is not of type " ~ landed_type(column) ~ "'",
                text ~ ' is null or ' ~ value ~ ' is not null')) -%}
        {%- endif -%}
    {%- endfor %}
    select
        '{{ source_name }}' as source_name,
        batch_id,
        file_name,
        line_number,
        null::bigint as byte_offset,
        failed.column_name as column_name,
        failed.reason as reason,
        line as raw_text
    from (
        select *, {{ first_failed(checks) | indent(12) }} as failed
        from ({{ duckdb__numbered_lines(files) }})
        where
            nullif(line, '') is not null
            and {{ "substring(line, 16, 3) not in ('" ~ known | reject('equalto', record_type) | join("', '") ~ "')"
                if known[0] == record_type else "substring(line, 16, 3) = '" ~ record_type ~ "'" }}
    )
    where failed is not null
{%- endmacro %}

{% macro unreadable_xml(layout, source_name) -%}
    {%- set checks = [(none, 'parse_error', 'parse_error is null')] + xml_checks(layout) %}
    select
        '{{ source_name }}' as source_name,
        1 as batch_id,
        file_name,
        line_number,
        byte_offset,
        failed.column_name as column_name,
        failed.reason as reason,
        coalesce(raw_text, {{ raw_element(layout, 'file_name', 'byte_offset') }}) as raw_text
    from (
        select *, {{ first_failed(checks) | indent(12) }} as failed
        from landing_{{ layout.source_name }}__{{ layout.name }}
    )
    where failed is not null
{%- endmacro %}

{#- The text of an XML element that begins at an offset; of a longer one, its first 4,000 bytes. -#}
{% macro raw_element(layout, file_name, byte_offset) -%}
    {%- set text = 'landed_text(' ~ file_name ~ ', ' ~ byte_offset ~ ', 4000)' -%}
    coalesce(nullif(regexp_extract({{ text }}, '(?s)^.*?</[^>]*{{ layout.config.meta.element }}>'), ''), {{ text }})
{%- endmacro %}
