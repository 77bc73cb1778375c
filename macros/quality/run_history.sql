{#- Commands that leave a record. -#}
{% macro is_recorded_run() -%}
    {{ return(execute and flags.WHICH in ['run', 'build', 'test', 'seed', 'snapshot']) }}
{%- endmacro %}

{#- At the start of a run: note that it has begun, so that one that is killed leaves a record, too. -#}
{% macro start_run() -%}
    {%- if is_recorded_run() -%}
        {{ adapter.dispatch('start_run')(history_tables()) }}
    {%- endif -%}
{%- endmacro %}

{#- The history is kept by DuckDB's functions. Here hooks only get the tables that they write. -#}
{% macro spark__start_run(tables) -%}
    {%- for table in tables.values() -%}
        {%- set relation = api.Relation.create(schema=table.schema, identifier=table.identifier, type='table') -%}
        {%- if adapter.get_relation(none, table.schema, table.identifier) is none -%}
            {%- set columns = {} -%}
            {%- for name, type in table.columns.items() -%}{%- do columns.update({name: engine_type(type)}) -%}{%- endfor -%}
            {%- do adapter.create_schema(relation.without_identifier()) -%}
            {%- do spark__declare(relation, columns) -%}
            {%- do adapter.cache_added(relation) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{% macro duckdb__start_run(tables) -%}
    {%- set answer = call_plugin('start_run', {
        'tables': tables,
        'run': {
            'run_id': invocation_id,
            'command': flags.WHICH,
            'target': target.name,
            'started_at': run_started_at.strftime('%Y-%m-%d %H:%M:%S.%f'),
            'full_refresh': flags.FULL_REFRESH or false,
            'dbt_version': dbt_version,
        },
    }) -%}
    {%- if not answer -%}
        {#- dbt cached the relations before these tables were made. -#}
        {%- for table in tables.values() -%}
            {%- if adapter.get_relation(table.database, table.schema, table.identifier) is none -%}
                {%- do adapter.cache_added(api.Relation.create(
                    database=table.database, schema=table.schema, identifier=table.identifier, type='table'
                )) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- At the end of a run, however it went: note what became of it and of each node, keep where failing rows are, and send
    an alert where something is wrong. `refused` is true where the run ends before it has begun. -#}
{% macro end_run(results, refused=false) -%}
    {%- if is_recorded_run() -%}
        {{ adapter.dispatch('end_run')(results, refused) }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__end_run(results, refused) -%}{%- endmacro %}

{% macro duckdb__end_run(results, refused) -%}
    {%- set notes = [] -%}
    {%- set failed_tests = {} -%}
    {%- for result in results -%}
        {%- set note = run_result(result) -%}
        {%- do notes.append(note) -%}
        {%- if note.node_kind == 'test' and note.status in ['fail', 'warn'] -%}
            {%- do failed_tests.update({note.node_id: failed_test(result.node)}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do call_plugin('end_run', {
        'run_id': invocation_id,
        'command': flags.WHICH,
        'target': target.name,
        'loads': flags.WHICH in ['run', 'build'],
        'refused': refused,
        'tables': history_tables(),
        'results': notes,
        'failed_tests': failed_tests,
        'graph': owned_graph(),
        'owners': group_owners(),
    }) -%}
{%- endmacro %}

{#- Call a function of the DuckDB plugin with a document, and log its answer. -#}
{% macro call_plugin(function_name, document) -%}
    {%- set answer = run_query(
        'select ' ~ function_name ~ "('" ~ tojson(document) | replace("'", "''") ~ "') as answer"
    ).columns[0][0] or '' -%}
    {%- if answer -%}
        {%- do log(answer, info=true) -%}
    {%- endif -%}
    {{ return(answer) }}
{%- endmacro %}

{#- The tables that hooks write, with the columns their models' YAML gives. -#}
{% macro history_tables() -%}
    {%- set tables = {} -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.fqn[1:3] == ['operations', 'log'] -%}
        {%- set columns = {} -%}
        {%- for column in node.columns.values() -%}
            {%- do columns.update({column.name: column.data_type}) -%}
        {%- endfor -%}
        {%- do tables.update({node.name: {
            'name': node.relation_name, 'database': node.database, 'schema': node.schema, 'identifier': node.alias,
            'columns': columns,
        }}) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}

{#- The result of one node, in the columns of run_results. -#}
{% macro run_result(result) -%}
    {%- set node = result.node -%}
    {%- set about = tested_nodes(node) -%}
    {%- set meta = node.config.meta if node.config and node.config.meta else {} -%}
    {{ return({
        'node_id': node.unique_id,
        'node_name': node.name,
        'node_kind': node.resource_type ~ '',
        'schema_name': node.schema or none,
        'status': result.status ~ '',
        'started_at': result.timing[-1].started_at.isoformat() if result.timing and result.timing[-1].started_at else none,
        'seconds': result.execution_time or 0.0,
        'rows_affected': (result.adapter_response or {}).get('rows_affected') | default(none),
        'failures': result.failures | default(none),
        'message': safe_message(result),
        'model_name': about[0].split('.')[-1] if about else none,
        'dimension': meta.get('dimension') if node.resource_type == 'test' else none,
        'severity': node.config.severity | lower if node.resource_type == 'test' else none,
        'about': about,
    }) }}
{%- endmacro %}

{#- The node that a test is about, as a list of one: the one it is declared on, else the one its meta names, else the
    first it reads. Empty for what is no test. -#}
{% macro tested_nodes(node) -%}
    {%- set found = [] -%}
    {%- if node.resource_type == 'unit_test' -%}
        {%- do found.append(node.tested_node_unique_id or node.depends_on.nodes[0]) -%}
    {%- elif node.resource_type == 'test' -%}
        {%- set named = node.config.meta.get('model') -%}
        {%- for parent in node.depends_on.nodes if named and parent.split('.')[-1] == named -%}
            {%- do found.append(parent) -%}
        {%- endfor -%}
        {%- if not found -%}
            {%- do found.append(node.attached_node or (node.depends_on.nodes | first)) -%}
        {%- endif -%}
    {%- endif -%}
    {{ return(found | select('string') | list) }}
{%- endmacro %}

{#- What may be kept of a message. A database quotes the value it could not convert, so only words that are known are
    kept: dbt's own sentence about a test, the kind of error, columns of the tables involved, and landed files. -#}
{% macro safe_message(result) -%}
    {%- set re = modules.re -%}
    {%- set message = (result.message or '') ~ '' -%}
    {%- set status = result.status ~ '' -%}
    {%- if re.match('^Got [0-9]+ results?, configured to (fail|warn) if [!=<>0-9 ]+$', message) -%}
        {{ return(message) }}
    {%- elif status not in ['error', 'runtime error', 'fail'] -%}
        {{ return(none) }}
    {%- elif result.node.resource_type == 'unit_test' and status == 'fail' -%}
        {{ return('actual differs from expected') }}
    {%- endif -%}
    {%- set kinds = re.findall(
        '\\b(?:Conversion|Constraint|Binder|Catalog|Parser|Compilation|Runtime|Database|Dependency|Out of Memory'
        ~ '|Out of Range|Invalid Input|IO|HTTP|Transaction|TransactionContext|Internal|Interrupt|Not implemented'
        ~ '|Permission|Fatal) Error\\b', message
    ) -%}
    {%- set known = [] -%}
    {%- for id in [result.node.unique_id] + (result.node.depends_on.nodes or []) | list -%}
        {%- do known.extend((graph.nodes.get(id) or graph.sources.get(id) or {}).get('columns', {}).keys()) -%}
    {%- endfor -%}
    {%- set columns = [] -%}
    {%- for name in re.findall('column "?([A-Za-z0-9_]+)|constraint failed: [A-Za-z0-9_]+[.]([A-Za-z0-9_]+)', message) -%}
        {%- set column = (name[0] or name[1]) | lower -%}
        {%- if column in known and column not in columns -%}{%- do columns.append(column) -%}{%- endif -%}
    {%- endfor -%}
    {%- set files = re.findall('\\bBatch[0-9]+/[A-Za-z]+[A-Za-z0-9_]*(?:[.](?:txt|csv|xml))?\\b', message) | unique | list -%}
    {{ return(
        (kinds | unique | join(', ') or 'Error')
        ~ (' in column ' ~ columns | join(', ') if columns else '')
        ~ (' (' ~ files[:3] | join(', ') ~ ')' if files else '')
    ) }}
{%- endmacro %}

{#- What has to be known of a failed test to show some of its failing rows without personal data. -#}
{% macro failed_test(node) -%}
    {%- set tested = [] -%}
    {%- for parent in graph.nodes.values() if parent.unique_id in node.depends_on.nodes -%}
        {%- set columns = {} -%}
        {%- for column in parent.columns.values() -%}
            {%- do columns.update({column.name: (column.config.meta or column.meta or {}).get('classification')}) -%}
        {%- endfor -%}
        {%- do tested.append({'name': parent.relation_name or '', 'columns': columns}) -%}
    {%- endfor -%}
    {{ return({
        'table': node.schema ~ '.' ~ node.alias if node.relation_name else '',
        'reason': node.config.meta.get('reason'),
        'column': node.column_name or none,
        'shows': node.config.meta.get('shows', []),
        'tested': tested,
    }) }}
{%- endmacro %}

{#- Parents and group of each node; tests are left out. -#}
{% macro owned_graph() -%}
    {%- set nodes = {} -%}
    {%- for node in graph.nodes.values() if node.resource_type in ['model', 'seed', 'snapshot'] -%}
        {%- do nodes.update({node.unique_id: {
            'parents': node.depends_on.nodes or [], 'group': node.config.get('group')
        }}) -%}
    {%- endfor -%}
    {%- for exposure in graph.exposures.values() -%}
        {%- do nodes.update({exposure.unique_id: {'parents': exposure.depends_on.nodes or [], 'group': none}}) -%}
    {%- endfor -%}
    {{ return(nodes) }}
{%- endmacro %}

{#- The owner of each group: name, and the address if there is one. -#}
{% macro group_owners() -%}
    {%- set owners = {} -%}
    {%- for group in graph.groups.values() -%}
        {%- set email = group.owner.email or '' -%}
        {%- do owners.update({group.name: (group.owner.name or group.name) ~ (' <' ~ email ~ '>' if email else '')}) -%}
    {%- endfor -%}
    {{ return(owners) }}
{%- endmacro %}
