{#- The files that the warehouse holds, as a query. `is_taken` where a model of core has counted rows of their source and
    batch, and for sources that none takes: what is not taken yet may still be corrected. -#}
{% macro loaded_files() -%}
    {%- set takers, feeds = [], [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.meta.takes -%}
        {%- do takers.append(node.name) -%}
        {%- do feeds.extend(node.config.meta.takes.keys()) -%}
    {%- endfor -%}
    select
        files.*,
        files.source_name not in ('{{ feeds | join("', '") }}') or counts.batch_id is not null as is_taken
    from {{ hook_table('landed_files') }} as files
    left join (
        select distinct source_name, batch_id
        from {{ hook_table('row_counts') }}
        where model_name in ('{{ takers | join("', '") }}')
    ) as counts
        on files.source_name = counts.source_name and files.batch_id = counts.batch_id
{%- endmacro %}
