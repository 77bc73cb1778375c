{#- Remove rows of new batches from a staging model if another row of their batch has the same key, as unreadable_rows will
    report them: identical rows but one, contradicting rows all. Contradicting rows of a lookup stop the load: rows that
    refer to them could not be read either way. Then remove those whose key a row of an earlier batch has, and return
    the earlier batches. Cheap where no key comes twice: one count of distinct hashes, one look at what new keys' range
    of earlier rows holds. -#}
{% macro remove_duplicates(layout, batch_ids) -%}
    {%- if not landed_key(layout) -%}{{ return([]) }}{%- endif -%}
    {%- set listed = batch_ids | join(', ') -%}
    {%- set repeated = run_query(
        'select count(*) - count(distinct ' ~ row_hash(['batch_id'] + staged_key(layout)) ~ ') from ' ~ this ~ ' where batch_id in (' ~ listed ~ ')'
    ).columns[0][0] -%}
    {%- if repeated -%}
        {%- if layout.config.meta.lookup -%}
            {%- do refuse_contradictions(layout, batch_ids) -%}
        {%- endif -%}
        {%- do adapter.dispatch('remove_repeated')(layout, listed) -%}
    {%- endif -%}
    {{ return(remove_returns(layout, batch_ids) if keys_are_never_reused(layout) else []) }}
{%- endmacro %}

{% macro duckdb__remove_repeated(layout, listed) -%}
    {%- set values = row_hash(staged_values(layout)) -%}
    {%- do run_query(
        'delete from ' ~ this ~ ' where rowid in (
            select row_id from (
                select
                    rowid as row_id,
                    row_number() over (same_key order by rowid) as place,
                    min(' ~ values ~ ') over same_key <> max(' ~ values ~ ') over same_key as is_contradiction
                from ' ~ this ~ '
                where batch_id in (' ~ listed ~ ')
                window same_key as (partition by batch_id, ' ~ staged_key(layout) | join(', ') ~ ')
            )
            where place > 1 or is_contradiction
        )'
    ) -%}
{%- endmacro %}

{#- Rows have no number here, so those that stay are laid aside. Of rows that are the same, the lowest number stays. -#}
{% macro spark__remove_repeated(layout, listed) -%}
    {%- set values = row_hash(staged_values(layout)) -%}
    {%- do spark__keep_only(listed,
        'select * from (
            select
                *,
                row_number() over (
                    partition by batch_id, ' ~ staged_key(layout) | join(', ') ~ '
                    order by ' ~ ('cdc_dsn' if layout.config.meta.cdc else 'batch_id') ~ '
                ) as place,
                min(' ~ values ~ ') over same_key <> max(' ~ values ~ ') over same_key as is_contradiction
            from ' ~ this ~ '
            where batch_id in (' ~ listed ~ ')
            window same_key as (partition by batch_id, ' ~ staged_key(layout) | join(', ') ~ ')
        ) as placed
        where place = 1 and not is_contradiction'
    ) -%}
{%- endmacro %}

{#- Replace all rows of some batches with a query's. After a kill in between, the next run reads them again. -#}
{% macro spark__keep_only(listed, kept) -%}
    {%- set rows = this.incorporate(path={'identifier': this.identifier ~ '__rows'}) -%}
    {%- set columns = spark__columns_of(this) -%}
    {%- set names = columns.keys() | join(', ') -%}
    {%- do spark__declare(rows, columns) -%}
    {%- do run_query('insert into ' ~ rows ~ ' select ' ~ names ~ ' from (' ~ kept ~ ') as kept') -%}
    {%- do spark__delete(this, 'batch_id in (' ~ listed ~ ')') -%}
    {%- do run_query('insert into ' ~ this ~ ' select ' ~ names ~ ' from ' ~ rows) -%}
    {%- do run_query('drop table ' ~ rows) -%}
{%- endmacro %}

{#- Whether no later batch may send a key again. -#}
{% macro keys_are_never_reused(layout) -%}
    {{ return(layout.config.meta.batches != 'first' and not layout.config.meta.may_return) }}
{%- endmacro %}

{#- Remove rows of new batches from a staging model if a row of an earlier batch has the same key, in any numbering;
    returns the earlier batches. An inner join by `=` reads only those earlier rows whose keys lie between the
    lowest and the highest new one. -#}
{% macro remove_returns(layout, batch_ids) -%}
    {#- Nothing comes before batch 1, which has most rows. #}
    {%- set later_ids = batch_ids | reject('equalto', 1) | list -%}
    {%- if not later_ids -%}{{ return([]) }}{%- endif -%}
    {%- set filled, conditions = [], [] -%}
    {%- for landed, staged in (layout.config.meta['key'] or {}).items()
        if landed in layout.columns and layout.columns[landed].config.meta.required -%}
        {%- do filled.append(staged) -%}
    {%- endfor -%}
    {%- for column in staged_key(layout) if column != 'cdc_dsn' -%}
        {%- do conditions.append(
            'later.' ~ column ~ (' = ' if column in filled else ' is not distinct from ') ~ 'earlier.' ~ column
        ) -%}
    {%- endfor -%}
    {%- set returned -%}
        {{ this }} as later
        inner join {{ this }} as earlier
            on {{ conditions | join(' and ') }}
            and later.batch_id > earlier.batch_id
        where later.batch_id in ({{ later_ids | join(', ') }})
    {%- endset -%}
    {%- set earlier = run_query('select distinct earlier.batch_id from ' ~ returned).columns[0].values() | list -%}
    {%- if earlier -%}
        {%- do adapter.dispatch('remove_returned')(later_ids | join(', '), conditions | join(' and '), returned) -%}
    {%- endif -%}
    {{ return(earlier) }}
{%- endmacro %}

{% macro duckdb__remove_returned(listed, same_key, returned) -%}
    {%- do run_query('delete from ' ~ this ~ ' where rowid in (select later.rowid from ' ~ returned ~ ')') -%}
{%- endmacro %}

{% macro spark__remove_returned(listed, same_key, returned) -%}
    {%- do spark__keep_only(listed,
        'select later.*
        from (select * from ' ~ this ~ ' where batch_id in (' ~ listed ~ ')) as later
        anti join ' ~ this ~ ' as earlier on ' ~ same_key ~ ' and later.batch_id > earlier.batch_id'
    ) -%}
{%- endmacro %}

{#- Columns of a staging model with landed values, without a row's place in its file and its sequence number. -#}
{% macro staged_values(layout) -%}
    {%- set columns = [] -%}
    {%- for column in adapter.get_columns_in_relation(this)
        if column.name not in ['batch_id', 'landed_file', 'line_number', 'byte_offset', 'cdc_flag', 'cdc_dsn'] -%}
        {%- do columns.append(column.name) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{#- Key columns of a staging model within a batch. -#}
{% macro staged_key(layout) -%}
    {%- set key = layout.config.meta['key'] -%}
    {%- set is_unique = key and not layout.config.meta.may_repeat -%}
    {{ return(key.values() | list if is_unique else staged_values(layout)) }}
{%- endmacro %}

{#- Stop the load where rows of a lookup have one key and different values. -#}
{% macro refuse_contradictions(layout, batch_ids) -%}
    {%- set source_name = layout.source_name ~ '.' ~ layout.name -%}
    {%- set found = run_query(
        'select file_name, line_number, found_value from (' ~ unreadable_rows(source_name, batch_ids)
        ~ ") where reason_code = 'contradicting_key' order by file_name, line_number limit 5"
    ) -%}
    {%- set lines = [] -%}
    {%- for row in found.rows -%}
        {%- do lines.append('  ' ~ row['file_name'] ~ ', line ' ~ row['line_number'] ~ ': same key as line '
            ~ row['found_value'] ~ ', but other values') -%}
    {%- endfor -%}
    {%- if lines -%}
        {%- do exceptions.raise_compiler_error(
            'A key of ' ~ layout.config.meta.file ~ ' has two meanings:\n' ~ lines | join('\n')
            ~ '\nHave the file corrected and run again. Nothing of it was loaded.'
        ) -%}
    {%- endif -%}
{%- endmacro %}
