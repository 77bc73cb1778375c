{#- Rows of a source's landed files that its reader leaves out, with the first reason for each, as SQL. This reads whole
    files as text once more, so call it only where rows are missing; those of earlier batches only where rows came again.
    Gives: source_name, batch_id, file_name, line_number, byte_offset, column_name, reason_code, found_value, expected,
    raw_text. -#}
{% macro unreadable_rows(source_name, batch_ids, returned_from=[]) -%}
    {%- set layout = landing_layout(source_name) -%}
    {%- set listed = batch_ids | join(', ') %}
    with checked as (
        {{ checked_rows(layout, landed_files_of(source_name, (batch_ids + returned_from) | unique | list)) }}
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

{#- Rows of landed files as text, split into the layout's columns, with their position and the first failing check;
    of a fixed-width file also the columns of the reader that are to be `kept`. -#}
{% macro checked_rows(layout, files, kept=[]) -%}
    {%- if layout.config.meta.format == 'xml' -%}
        {{ checked_xml(layout) }}
    {%- elif layout.config.meta.format == 'fixed' -%}
        {{ checked_fixed(layout, files, kept) }}
    {%- else -%}
        {%- set parts = [] -%}
        {%- for some, with_cdc in files_by_shape(layout, files) -%}
            {%- do parts.append(checked_delimited(layout, some, with_cdc)) -%}
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
    {%- set never_reused = keys_are_never_reused(layout) %}
    sound as (
        select
            *,
            {{ row_hash(layout.columns.keys() | list) }} as row_hash
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

    {% if never_reused -%}
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
            cast(case when place = 1 then next_line else first_line end as string)
            || case when first_file <> file_name then ' of ' || first_file else '' end as other_line
        from compared
        where
            times > 1
            and (place > 1 or is_contradiction)
        {%- if never_reused %}
        union all
        select
            batch_id,
            file_name,
            line_number,
            byte_offset,
            raw_text,
            case when row_hash = earlier_hash then 'repeated_key' else 'changed_afterwards' end as reason_code,
            cast(earlier_line as string) || ' of ' || earlier_file as other_line
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
            then {{ failed_check(
                "'" ~ column_name ~ "'" if column_name else 'cast(null as string)',
                "'" ~ code ~ "'",
                'cast(' ~ value ~ ' as string)',
                "'" ~ expected | replace("'", "''") ~ "'" if expected else 'cast(null as string)'
            ) }}
        {%- endfor %}
    end
{%- endmacro %}

{#- [(column, reason code, value as SQL, what was expected, condition of a sound row), …] for lines of a delimited file,
    whose `fields` are a list of text. An erasure asks the same before it rewrites a line (scripts/landing/readable.py). -#}
{% macro delimited_checks(layout, with_cdc) -%}
    {%- set names = ['cdc_flag', 'cdc_dsn'] if with_cdc else [] -%}
    {%- set count = names | length + layout.columns | length -%}
    {%- set checks = [(none, 'wrong_field_count', field_count(), count | string,
        field_count() ~ ' >= ' ~ count ~ ' and ' ~ are_empty_after(count))] -%}
    {%- if names -%}
        {%- do checks.extend(landed_value_checks('cdc_flag', field(1), 'varchar', {'accepted_values': ['I', 'U']})) -%}
        {%- do checks.extend(landed_value_checks('cdc_dsn', field(2), 'bigint', {'required': true})) -%}
    {%- endif -%}
    {%- for column in layout.columns.values() -%}
        {%- set value = field(loop.index + names | length) -%}
        {%- do checks.extend(landed_value_checks(column.name, value, column.data_type, column.config.meta)) -%}
    {%- endfor -%}
    {{ return(checks) }}
{%- endmacro %}

{#- Files, as [(batch_id, path, name), …], by whether their rows begin with two more columns, as those of later batches
    of a change file do: [(files, with_cdc), …]. -#}
{% macro files_by_shape(layout, files) -%}
    {%- set first = files | selectattr(0, 'equalto', 1) | list -%}
    {%- set later = files | rejectattr(0, 'equalto', 1) | list -%}
    {{ return([(first, false), (later, layout.config.meta.cdc)] | selectattr(0) | list) }}
{%- endmacro %}

{% macro checked_delimited(layout, files, with_cdc) -%}
    {%- set names = ['cdc_flag', 'cdc_dsn'] if with_cdc else [] %}
    select
        batch_id,
        file_name,
        line_number,
        cast(null as bigint) as byte_offset,
        line as raw_text,
        {%- if layout.config.meta.cdc %}
        {{ field(1) if names else 'cast(null as string)' }} as cdc_flag,
        {{ typed_value(field(2), 'bigint') if names else 'cast(null as bigint)' }} as cdc_dsn,
        {%- endif %}
        {%- for column in layout.columns.values() %}
        {{ typed_value(field(loop.index + names | length), column.data_type) }} as {{ column.name }},
        {%- endfor %}
        {{ first_failed(delimited_checks(layout, names | length > 0)) | indent(8) }} as failed
    from ({{ numbered_fields(layout, files) }}) as records
{%- endmacro %}

{#- Records of delimited files with the numbers of their first lines, from 1 in each file, and their fields as text; null
    where a field is empty. Dispatches by engine. -#}
{% macro numbered_fields(layout, files) -%}
    {{ return(adapter.dispatch('numbered_fields')(layout, files)) }}
{%- endmacro %}

{% macro duckdb__numbered_fields(layout, files) -%}
    {%- set parts = [] -%}
    {%- if layout.config.meta.format == 'csv' -%}
        {%- for file in files -%}{%- do parts.append(duckdb__numbered_records(layout, file)) -%}{%- endfor -%}
    {%- endif %}
    select
        *,
        {{ filled_fields(layout) | indent(8) }} as fields
    from ({{ parts | join('\nunion all\n') or numbered_lines(layout, files) }})
    where nullif(line, '') is not null
{%- endmacro %}

{% macro spark__numbered_fields(layout, files) -%}
    {{ numbered_lines(layout, files) }}
        and nullif(line, '') is not null
{%- endmacro %}

{#- Records of a comma-separated file: lines, joined where a quoted field holds line ends. A record begins where the
    quotes before it are even in number. -#}
{% macro duckdb__numbered_records(layout, file) -%}
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
            from ({{ numbered_lines(layout, [file]) }})
        )
    )
    group by record_number
{%- endmacro %}

{#- Checks of one value, as text: it is there, it is known, it fits. -#}
{% macro landed_value_checks(name, value, data_type, meta) -%}
    {%- set checks = [] -%}
    {%- if meta.accepted_values -%}
        {%- do checks.append((name, 'not_accepted', value, meta.accepted_values | join(', '),
            value ~ " in ('" ~ meta.accepted_values | join("', '") ~ "')")) -%}
    {%- elif meta.required -%}
        {%- do checks.append((name, 'missing', value, none, value ~ ' is not null')) -%}
    {%- endif -%}
    {%- if data_type != 'varchar' -%}
        {%- do checks.append((name, 'wrong_type', value, data_type,
            value ~ ' is null or ' ~ fits_type(value, data_type))) -%}
    {%- endif -%}
    {{ return(checks) }}
{%- endmacro %}

{% macro checked_fixed(layout, files, kept) -%}
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
        {%- if meta.accepted_values -%}
            {%- do checks.append((column.name, 'not_accepted', text, meta.accepted_values | join(', '),
                text ~ " in ('" ~ meta.accepted_values | join("', '") ~ "')")) -%}
        {%- elif value != text -%}
            {%- do checks.append((column.name, 'wrong_type', text, landed_type(column),
                text ~ ' is null or ' ~ value ~ ' is not null')) -%}
        {%- endif -%}
    {%- endfor %}
    select
        batch_id,
        file_name,
        line_number,
        cast(null as bigint) as byte_offset,
        line as raw_text,
        {%- for column in layout.columns.values() %}
        {{ fixed_value(layout, column) }} as {{ column.name }},
        {%- endfor %}
        {%- for name in kept %}
        {{ name }},
        {%- endfor %}
        {{ first_failed(checks) | indent(8) }} as failed
    from ({{ numbered_lines(layout, files) }}) as lines
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

{#- Valid rows of landed files with typed columns and their position. -#}
{% macro located_rows(layout, source_name, batch_ids) -%}
    select *
    from ({{ checked_rows(layout, landed_files_of(source_name, batch_ids)) }}) as checked
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
    coalesce(nullif(regexp_extract({{ text }}, '(?s)^.*?</[^>]*{{ layout.config.meta.element }}>', 0), ''), {{ text }})
{%- endmacro %}
