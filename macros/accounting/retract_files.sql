{#- At the start of a load, after the check of the landing area: if a file of the last batch was replaced, or a file came
    late to a loaded batch, remove all rows of that feed and batch from staging, so that they are read again, and
    have everything downstream rebuilt from staging. Whatever happens later, the next run resumes from here. -#}
{% macro retract_files() -%}
    {%- if not execute or flags.WHICH not in ['run', 'build'] -%}{{ return('') }}{%- endif -%}
    {%- set retakes = [] if flags.FULL_REFRESH else run_query(
        'select source_name, batch_id, reason from landing_retakes order by source_name, batch_id'
    ).rows -%}
    {%- if retakes -%}
        {%- set deletions, notes, sources = [], [], [] -%}
        {%- for row in retakes -%}
            {%- set node = staging_model(row['source_name']) -%}
            {%- set of_batch = 'batch_id = ' ~ row['batch_id'] -%}
            {%- set of_feed = of_batch ~ " and source_name = '" ~ row['source_name'] ~ "'" -%}
            {%- do log('Batch' ~ row['batch_id'] ~ ' is loaded, and files of ' ~ row['source_name'] ~ ' in it '
                ~ {'changed': 'have changed', 'late': 'came late', 'gone': 'are gone', 'follows': 'follow files that are read again'}[row['reason']]
                ~ ': they are read again, and everything downstream is rebuilt.', info=true) -%}
            {%- if adapter.get_relation(node.database, node.schema, node.alias) is not none -%}
                {%- do deletions.append([relation_of(node), of_batch]) -%}
            {%- endif -%}
            {%- for table in ['rejected_rows', 'row_counts'] -%}
                {%- do deletions.append([hook_table(table), of_feed]) -%}
            {%- endfor -%}
            {%- do notes.append([hook_table('landed_files'), of_feed]) -%}
            {%- do sources.append(landing_layout(row['source_name']).unique_id) -%}
        {%- endfor -%}
        {%- set names = "'" ~ downstream_of(sources) | join("', '") ~ "'" -%}
        {%- do deletions.append([hook_table('rejected_rows'), 'rejected_by in (' ~ names ~ ')']) -%}
        {%- do deletions.append([hook_table('row_counts'), 'model_name in (' ~ names ~ ')']) -%}
        {%- for snapshot in replayed_snapshots() -%}
            {%- do deletions.append([snapshot, 'true']) -%}
        {%- endfor -%}
        {%- set due = 'insert into ' ~ hook_table('rebuilds_due') ~ ' select model_name from (values ('
            ~ names | replace(', ', '), (') ~ ')) as due(model_name) except select model_name from '
            ~ hook_table('rebuilds_due') -%}
        {%- do insert_and_delete(due, deletions + notes) -%}
    {%- elif flags.FULL_REFRESH -%}
        {%- for snapshot in replayed_snapshots(selected_resources) -%}
            {%- do run_query('delete from ' ~ snapshot) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Run an insert, then delete from several tables the rows that conditions hold for. Dispatches by engine. -#}
{% macro insert_and_delete(insertion, deletions) -%}
    {%- do adapter.dispatch('insert_and_delete')(insertion, deletions) -%}
{%- endmacro %}

{#- In one transaction. -#}
{% macro duckdb__insert_and_delete(insertion, deletions) -%}
    {%- set statements = [insertion] -%}
    {%- for table, condition in deletions -%}
        {%- do statements.append('delete from ' ~ table ~ ' where ' ~ condition) -%}
    {%- endfor -%}
    {%- do run_query('begin; ' ~ statements | join('; ') ~ '; commit') -%}
{%- endmacro %}

{#- Without a transaction: after a crash, the next run repeats all of them. -#}
{% macro spark__insert_and_delete(insertion, deletions) -%}
    {%- do run_query(insertion) -%}
    {%- for table, condition in deletions -%}{%- do spark__delete(table, condition) -%}{%- endfor -%}
{%- endmacro %}

{#- Snapshots of models, which the next `dbt build` fills with the same rows again, and with those that changed; only those
    whose model is among `of`, if that is given. dbt keeps snapshots through a full refresh, and so would a person who
    was erased. -#}
{% macro replayed_snapshots(of=none) -%}
    {%- set relations = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'snapshot' -%}
        {%- set parents = [] -%}
        {%- for id in node.depends_on.nodes if id.startswith('model.') and (of is none or id in of) -%}
            {%- do parents.append(id) -%}
        {%- endfor -%}
        {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) if parents else none -%}
        {%- if relation is not none -%}{%- do relations.append(relation) -%}{%- endif -%}
    {%- endfor -%}
    {{ return(relations) }}
{%- endmacro %}

{#- Names of the incremental models of this project that come after some sources, but for the staging models, which read
    files and retract rows themselves; and of the resolved models, which note what they reject. -#}
{% macro downstream_of(source_ids) -%}
    {%- set reached, names = source_ids | list, [] -%}
    {%- set grown = namespace(by=1) -%}
    {%- for _ in range(100) if grown.by -%}
        {%- set grown.by = 0 -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.unique_id not in reached -%}
            {%- if node.depends_on.nodes | select('in', reached) | list -%}
                {%- do reached.append(node.unique_id) -%}
                {%- set grown.by = grown.by + 1 -%}
                {%- if node.fqn[1] != 'staging' and (node.config.materialized == 'incremental' or node.config.meta.resolves) -%}
                    {%- do names.append(node.name) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#- Post-hook of every model, in its transaction: removes the model from the list of models to rebuild. -#}
{% macro rebuilt() -%}
    {%- if execute and model.name in rebuilds_due() and flags.WHICH in ['run', 'build'] -%}
        {%- do forget(hook_table('rebuilds_due'), "model_name = '" ~ model.name ~ "'") -%}
    {%- endif -%}
{%- endmacro %}
