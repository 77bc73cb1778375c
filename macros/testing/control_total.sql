{#- Batches in which the rows of a model break a control total that their source sent. -#}
{% test control_total(model, data_set, attributes, subtract=[], holds='=', batch_id='batch_id', rejects=[]) %}
    {{ config(meta={'shows': ['control', 'attributes', 'expected', 'found', 'rejected', 'difference', 'outcome']}) }}

    select
        control,
        attributes,
        batch_id,
        expected,
        found,
        rejected,
        difference,
        outcome,
        accepted_difference,
        accepted_until
    from (
        {{ control_results([{
            'name': test_name(),
            'counted': rows_by_batch(model, batch_id),
            'data_set': data_set,
            'attributes': attributes,
            'subtract': subtract,
            'holds': holds,
            'rejects': rejects,
        }]) | indent(8) }}
    ) as results
    where outcome in ('differs', 'unusable')
{% endtest %}

{#- Name of the test being compiled. The test itself can't ask: its argument `model` hides its node. -#}
{% macro test_name() -%}
    {{ return(model.alias) }}
{%- endmacro %}

{#- Rows of a relation by batch. A row counts once in each of the expressions that gives a batch. -#}
{% macro rows_by_batch(relation, batch_id='batch_id') -%}
    select
        batch_id,
        count(*) as row_count
    from (
        {%- for expression in ([batch_id] if batch_id is string else batch_id) %}
        select {{ expression }} as batch_id from {{ relation }}
        {{ "union all" if not loop.last }}
        {%- endfor %}
    ) as counted
    where batch_id is not null
    group by batch_id
{%- endmacro %}

{#- Source tables with a control total for their landed rows, as {name: {data_set, attribute}}. -#}
{% macro counted_sources() -%}
    {%- set found = {} -%}
    {%- for node in (graph.sources or {}).values() if node.config.meta.get('control_total') -%}
        {%- do found.update({node.source_name ~ '.' ~ node.name: node.config.meta.control_total}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- Every control: of the rows of files, by the meta of sources, and of the rows of models, by their tests
    `control_total`. A model that is not in the warehouse yet is left out, but where dbt only compiles. -#}
{% macro all_controls() -%}
    {%- set found = [] -%}
    {%- for source_name, total in counted_sources().items() -%}
        {%- do found.append({
            'name': source_name,
            'model_name': 'reconciliation',
            'counted': 'select batch_id, landed_rows as row_count from ' ~ ref('reconciliation')
                ~ " where source_name = '" ~ source_name ~ "'",
            'data_set': total.data_set,
            'attributes': [total.attribute],
        }) -%}
    {%- endfor -%}
    {%- for node in (graph.nodes or {}).values() if node.get('test_metadata', {}).get('name') == 'control_total' -%}
        {%- set arguments = node.test_metadata.kwargs -%}
        {%- set model = graph.nodes[node.attached_node] -%}
        {%- set rows = model.relation_name -%}
        {%- if node.config.get('where') -%}
            {%- set rows = '(select * from ' ~ rows ~ ' where ' ~ node.config.where ~ ') as chosen' -%}
        {%- endif -%}
        {%- if flags.WHICH == 'compile' or adapter.get_relation(model.database, model.schema, model.alias) is not none -%}
            {%- do found.append(dict(
                arguments,
                name=node.alias,
                model_name=model.name,
                counted=rows_by_batch(rows, arguments.get('batch_id', 'batch_id'))
            )) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- One row per control and batch for which there is a control total or a row: what the source counted, what was found,
    and what the difference means. A rejected row explains one row that is missing, never one too many. A total that has
    no value, no batch or another data set is unusable: it must not pass for one that was not sent.
    A control has a name, `counted` (SQL that gives batch_id and row_count), and the arguments of the test. -#}
{% macro control_results(controls) -%}
    with controls as (
        {% for control in controls -%}
        {%- set names = control.attributes + control.get('subtract', []) -%}
        select
            '{{ control.name }}' as control,
            '{{ control.get('model_name', '') }}' as model_name,
            '{{ names | join(", ") }}' as attributes,
            {{ names | length }} as attribute_count,
            '{{ control.get('holds', '=') }}' as holds
        {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    attributes as (
        {% for control in controls -%}
        {%- set is_last = loop.last -%}
        {%- for name in control.attributes + control.get('subtract', []) -%}
        select
            '{{ control.name }}' as control,
            '{{ control.data_set }}' as data_set,
            '{{ name }}' as attribute,
            {{ 1 if name in control.attributes else -1 }} as factor
        {{ "union all" if not (loop.last and is_last) }}
        {% endfor -%}
        {%- endfor %}
    ),

    counted as (
        {% for control in controls -%}
        select
            '{{ control.name }}' as control,
            batch_id,
            row_count
        from ({{ control.counted | indent(12) }}) as counted
        {{ "union all" if not loop.last }}
        {% endfor %}
    ),

    totals as (
        select
            attributes.control,
            totals.batch_id,
            count(distinct totals.attribute) as attribute_count,
            max(
                case
                    when totals.data_set = attributes.data_set and totals.value is not null and totals.batch_id is not null
                        then 0
                    else 1
                end
            ) as is_unusable,
            sum(attributes.factor * totals.value) as control_total
        from attributes
        inner join {{ ref('audit') }} as totals on attributes.attribute = totals.attribute
        group by attributes.control, totals.batch_id
    ),

    rejects as (
        {% for control in controls -%}
        {%- set is_last = loop.last -%}
        {%- for reject in control.get('rejects', []) -%}
        select
            '{{ control.name }}' as control,
            batch_id
        from {{ ref('rejected_rows') }}
        where
            source_name = '{{ reject.feed }}'
            and ({{ reject.get('where', 'true') }})
        union all
        {% endfor -%}
        {%- endfor -%}
        select
            '' as control,
            batch_id
        from {{ ref('rejected_rows') }}
        where false
    ),

    explanations as (
        select
            control,
            batch_id,
            count(*) as row_count
        from rejects
        group by control, batch_id
    ),

    -- An entry names a control or one of its attributes.
    names as (
        select
            control,
            attribute as name
        from attributes
        union
        select
            control,
            control as name
        from controls
    ),

    accepted as (
        select
            names.control,
            entries.batch_id,
            sum(entries.difference) as accepted_difference,
            {{ joined_texts('entries.reason', '; ', 'entries.control') }} as accepted_reason,
            {{ joined_texts('entries.accepted_by', '; ', 'entries.control') }} as accepted_by,
            min(entries.accepted_until) as accepted_until
        from names
        inner join {{ ref('accepted_differences') }} as entries on names.name = entries.control
        group by names.control, entries.batch_id
    ),

    compared as (
        select
            coalesce(totals.control, counted.control) as control,
            coalesce(totals.batch_id, counted.batch_id) as batch_id,
            totals.control_total,
            totals.attribute_count,
            coalesce(totals.is_unusable, 0) as is_unusable,
            coalesce(counted.row_count, 0) as found
        from totals
        full outer join counted
            on
                totals.control = counted.control
                and totals.batch_id = counted.batch_id
    ),

    measured as (
        select
            controls.*,
            compared.batch_id,
            compared.is_unusable,
            case
                when compared.is_unusable = 0 and compared.attribute_count = controls.attribute_count
                    then compared.control_total
            end as expected,
            compared.found,
            coalesce(explanations.row_count, 0) as rejected
        from compared
        inner join controls on compared.control = controls.control
        left join explanations
            on
                compared.control = explanations.control
                and compared.batch_id = explanations.batch_id
    ),

    explained as (
        select
            *,
            case
                when found = expected then 0
                when found > expected then case when holds = '>=' then 0 else found - expected end
                when found < expected then case when holds = '<=' then 0 else least(found + rejected - expected, 0) end
            end as difference
        from measured
    )

    select
        explained.model_name,
        explained.control,
        explained.attributes,
        explained.batch_id,
        cast(explained.expected as bigint) as expected,
        cast(explained.found as bigint) as found,
        explained.rejected,
        cast(explained.difference as bigint) as difference,
        case
            when explained.is_unusable = 1 then 'unusable'
            when explained.expected is null then 'no total'
            when explained.difference = 0 then 'agrees'
            when
                explained.difference = accepted.accepted_difference
                and accepted.accepted_until >= current_date
                then 'accepted'
            else 'differs'
        end as outcome,
        cast(accepted.accepted_difference as bigint) as accepted_difference,
        accepted.accepted_reason,
        accepted.accepted_by,
        accepted.accepted_until
    from explained
    left join accepted
        on
            explained.control = accepted.control
            and explained.batch_id = accepted.batch_id
{%- endmacro %}
