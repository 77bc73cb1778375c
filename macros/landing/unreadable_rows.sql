{#- Rows of a source's landed files that its reader leaves out, with the first reason for each, as SQL. This reads whole
    files as text once more, so call it only where rows are missing; those of earlier batches only where rows came again.
    Gives: source_name, batch_id, file_name, line_number, byte_offset, column_name, reason_code, found_value, expected,
    raw_text. -#}
{% macro unreadable_rows(source_name, batch_ids, returned_from=[]) -%}
    {%- set layout = landing_layout(source_name) -%}
    {%- set listed = batch_ids | join(', ') %}
    with checked as (
        {{ checked_rows(layout, source_name, (batch_ids + returned_from) | unique | list) }}
    )
    {%- if landed_key(layout) %},

    {{ repeated_rows(layout) }}
    {%- endif %}

    select
        '{{ source_name }}' as source_name,
        batch_id,
        file_name,
        line_number,
        byte_offset,
        failed.column_name as column_name,
        failed.reason_code as reason_code,
        failed.found_value as found_value,
        failed.expected as expected,
        raw_text
    from checked
    where
        failed is not null
        and batch_id in ({{ listed }})
    {%- if landed_key(layout) %}
    union all
    select
        '{{ source_name }}' as source_name,
        batch_id,
        file_name,
        line_number,
        byte_offset,
        null as column_name,
        reason_code,
        other_line as found_value,
        null as expected,
        raw_text
    from repeated
    where batch_id in ({{ listed }})
    {%- endif %}
{%- endmacro %}

{#- Rows of landed files as text, cut into the layout's columns, with where they stand and the first check that fails. -#}
{% macro checked_rows(layout, source_name, batch_ids) -%}
    {%- set files = landed_files_of(source_name, batch_ids) -%}
    {%- if layout.config.meta.format == 'xml' -%}
        {{ checked_xml(layout) }}
    {%- elif layout.config.meta.format == 'fixed' -%}
        {{ checked_fixed(layout, files) }}
    {%- else -%}
        {%- set parts = [] -%}
        {%- for file in files -%}
            {%- do parts.append(checked_delimited(layout, file)) -%}
        {%- endfor -%}
        {{ parts | join('\nunion all\n') }}
    {%- endif -%}
{%- endmacro %}

{#- CTE `repeated`: sound rows whose key an earlier row of the batch has, with the place of that row; of rows that agree
    in their key and nothing else, all, since none can be trusted more than the others. A layout without a key, or whose
    key may come again, means the whole row. Of the rows that are left, those whose key an earlier batch has, however it
    is numbered, unless a later batch may send it. -#}
{% macro repeated_rows(layout) -%}
    {%- set key = landed_key(layout) | join(', ') -%}
    {%- set lasting = keys_are_lasting(layout) %}
    sound as (
        select
            *,
            hash({{ layout.columns.keys() | join(', ') }}) as row_hash
        from checked
        where failed is null
    ),

    compared as (
        select
            *,
            count(*) over same_key as times,
            row_number() over in_order as place,
            first_value(line_number) over in_order as first_line,
            first_value(file_name) over in_order as first_file,
            lead(line_number) over in_order as next_line,
            min(row_hash) over same_key <> max(row_hash) over same_key as is_contradiction
        from sound
        window
            same_key as (partition by batch_id, {{ key }}),
            in_order as (
                partition by batch_id, {{ key }}
                order by {{ part_number('file_name') }}, file_name, line_number
            )
    ),

    {% if lasting -%}
    ordered as (
        select
            *,
            min(batch_id) over by_batch as first_batch_id,
            first_value(line_number) over by_batch as earlier_line,
            first_value(file_name) over by_batch as earlier_file,
            first_value(row_hash) over by_batch as earlier_hash
        from compared
        where
            place = 1
            and not is_contradiction
        window by_batch as (
            partition by {{ landed_key(layout) | reject('equalto', 'cdc_dsn') | join(', ') }}
            order by batch_id, {{ part_number('file_name') }}, file_name, line_number
        )
    ),

    {% endif -%}
    repeated as (
        select
            batch_id,
            file_name,
            line_number,
            byte_offset,
            raw_text,
            case when is_contradiction then 'contradicting_key' else 'repeated_key' end as reason_code,
            cast(case when place = 1 then next_line else first_line end as varchar)
            || case when first_file <> file_name then ' of ' || first_file else '' end as other_line
        from compared
        where
            times > 1
            and (place > 1 or is_contradiction)
        {%- if lasting %}
        union all
        select
            batch_id,
            file_name,
            line_number,
            byte_offset,
            raw_text,
            case when row_hash = earlier_hash then 'repeated_key' else 'changed_afterwards' end as reason_code,
            cast(earlier_line as varchar) || ' of ' || earlier_file as other_line
        from ordered
        where batch_id > first_batch_id
        {%- endif %}
    )
{%- endmacro %}

{#- The columns that tell a row of a layout from all others of its batch, as they land; all of them where no other row is
    the same. None for an XML document: its actions may say the same thing twice, and come to the same. -#}
{% macro landed_key(layout) -%}
    {%- if layout.config.meta.format == 'xml' -%}{{ return([]) }}{%- endif -%}
    {%- set key = layout.config.meta['key'] -%}
    {{ return((key if key and not layout.config.meta.may_repeat else layout.columns).keys() | list) }}
{%- endmacro %}

{#- CASE over checks [(column, reason code, value as SQL, what was expected, condition of a sound row), …]: the first that
    fails, as a struct. -#}
{% macro first_failed(checks) -%}
    case
        {%- for column_name, code, value, expected, sound in checks %}
        when not coalesce({{ sound }}, false)
            then {
                'column_name': {{ "'" ~ column_name ~ "'" if column_name else 'null::varchar' }},
                'reason_code': '{{ code }}',
                'found_value': cast({{ value }} as varchar),
                'expected': {{ "'" ~ expected | replace("'", "''") ~ "'" if expected else 'null::varchar' }}
            }
        {%- endfor %}
    end
{%- endmacro %}

{#- [(column, reason code, value as SQL, what was expected, condition of a sound row), …] for lines of a delimited file,
    whose `fields` are a list of text. An erasure asks the same before it rewrites a line (scripts/landing/readable.py). -#}
{% macro delimited_checks(layout, with_cdc) -%}
    {%- set names = ['cdc_flag', 'cdc_dsn'] if with_cdc else [] -%}
    {%- set count = names | length + layout.columns | length -%}
    {%- set checks = [(none, 'wrong_field_count', 'len(fields)', count | string,
        'len(fields) >= ' ~ count ~ ' and list_count(fields[' ~ (count + 1) ~ ':]) = 0')] -%}
    {%- if names -%}
        {%- do checks.extend(landed_value_checks('cdc_flag', 'fields[1]', 'varchar', {'accepted': ['I', 'U']})) -%}
        {%- do checks.extend(landed_value_checks('cdc_dsn', 'fields[2]', 'bigint', {'required': true})) -%}
    {%- endif -%}
    {%- for column in layout.columns.values() -%}
        {%- set value = 'fields[' ~ (loop.index + names | length) ~ ']' -%}
        {%- do checks.extend(landed_value_checks(column.name, value, column.data_type, column.config.meta)) -%}
    {%- endfor -%}
    {{ return(checks) }}
{%- endmacro %}

{% macro checked_delimited(layout, file) -%}
    {%- set names = ['cdc_flag', 'cdc_dsn'] if layout.config.meta.cdc and file[0] > 1 else [] %}
    select
        {{ file[0] }} as batch_id,
        '{{ file[2] | replace("'", "''") }}' as file_name,
        line_number,
        null::bigint as byte_offset,
        line as raw_text,
        {%- if layout.config.meta.cdc %}
        {{ 'try_cast(fields[2] as bigint)' if names else 'null::bigint' }} as cdc_dsn,
        {%- endif %}
        {%- for column in layout.columns.values() %}
        try_cast(fields[{{ loop.index + names | length }}] as {{ column.data_type }}) as {{ column.name }},
        {%- endfor %}
        {{ first_failed(delimited_checks(layout, names | length > 0)) | indent(8) }} as failed
    from ({{ duckdb__numbered_fields(layout, file) }})
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
        {%- do checks.append((name, 'not_accepted', value, meta.accepted | join(', '),
            value ~ " in ('" ~ meta.accepted | join("', '") ~ "')")) -%}
    {%- elif meta.required -%}
        {%- do checks.append((name, 'missing', value, none, value ~ ' is not null')) -%}
    {%- endif -%}
    {%- if data_type != 'varchar' -%}
        {%- do checks.append((name, 'wrong_type', value, data_type,
            value ~ ' is null or ' ~ fits_type(value, data_type))) -%}
    {%- endif -%}
    {{ return(checks) }}
{%- endmacro %}

{% macro checked_fixed(layout, files) -%}
    {%- set fixed = [] -%}
    {%- for node in graph.sources.values() if node.config.meta.format == 'fixed' -%}
        {%- do fixed.append(node) -%}
    {%- endfor -%}
    {%- set known = fixed | map(attribute='config.meta.record_type') | list -%}
    {%- set record_type = layout.config.meta.record_type -%}
    {%- set checks = [('rec_type', 'unknown_record_type', 'substring(line, 16, 3)', none,
        "substring(line, 16, 3) = '" ~ record_type ~ "'")] -%}
    {%- for column in layout.columns.values() -%}
        {%- set text, value = fixed_text(layout, column), fixed_value(layout, column) -%}
        {%- set meta = column.config.meta -%}
        {%- if meta.required -%}
            {%- do checks.append((column.name, 'truncated', 'length(line)', none, text ~ ' is not null')) -%}
        {%- endif -%}
        {%- if meta.accepted -%}
            {%- do checks.append((column.name, 'not_accepted', text, meta.accepted | join(', '),
                text ~ " in ('" ~ meta.accepted | join("', '") ~ "')")) -%}
        {%- elif value != text -%}
            {%- do checks.append((column.name, 'wrong_type', text, landed_type(column),
                text ~ ' is null or ' ~ value ~ ' is not null')) -%}
        {%- endif -%}
    {%- endfor %}
    select
        batch_id,
        file_name,
        line_number,
        null::bigint as byte_offset,
        line as raw_text,
        {%- for column in layout.columns.values() %}
        {{ fixed_value(layout, column) }} as {{ column.name }},
        {%- endfor %}
        {{ first_failed(checks) | indent(8) }} as failed
    from ({{ duckdb__numbered_lines(files) }})
    where
        nullif(line, '') is not null
        and {{ "substring(line, 16, 3) not in ('" ~ known | reject('equalto', record_type) | join("', '") ~ "')"
            if known[0] == record_type else "substring(line, 16, 3) = '" ~ record_type ~ "'" }}
{%- endmacro %}

{% macro checked_xml(layout) -%}
    {%- set checks = [(none, 'not_well_formed', 'parse_error', none, 'parse_error is null')] + xml_checks(layout) %}
    select
        1 as batch_id,
        file_name,
        line_number,
        byte_offset,
        coalesce(raw_text, {{ raw_element(layout, 'file_name', 'byte_offset') }}) as raw_text,
        {%- for column in layout.columns.values() %}
        {{ column.name }},
        {%- endfor %}
        {{ first_failed(checks) | indent(8) }} as failed
    from landing_{{ layout.source_name }}__{{ layout.name }}
{%- endmacro %}

{#- Sound rows of landed files with their columns in type, and where they stand. -#}
{% macro located_rows(layout, source_name, batch_ids) -%}
    select *
    from ({{ checked_rows(layout, source_name, batch_ids) }})
    where failed is null
{%- endmacro %}

{#- [(batch_id, path, name), …] of a source's files in some batches. -#}
{% macro landed_files_of(source_name, batch_ids) -%}
    {{ return(run_query(
        "select batch_id, file_path, file_name from landing_area where source_name = '" ~ source_name
        ~ "' and batch_id in (" ~ batch_ids | join(', ') ~ ") order by batch_id, file_path"
    ).rows | list) }}
{%- endmacro %}

{#- The text of an XML element that begins at an offset; of a longer one, its first 4,000 bytes. -#}
{% macro raw_element(layout, file_name, byte_offset) -%}
    {%- set text = 'landed_text(' ~ file_name ~ ', ' ~ byte_offset ~ ', 4000)' -%}
    coalesce(nullif(regexp_extract({{ text }}, '(?s)^.*?</[^>]*{{ layout.config.meta.element }}>'), ''), {{ text }})
{%- endmacro %}
