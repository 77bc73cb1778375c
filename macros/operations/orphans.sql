{#- Rows that a reader can read but whose parent is not in the warehouse, so that no table has a place for them.

    For each source that has parents:
    - model: the staging model;
    - keys: [(staging column, column of the layout), …] that find a row again in its file;
    - parent: (relation, condition on `landed` and `parents`) where one row of one table has taken the row, or else
    - accepted: a condition on `landed` that holds for rows the warehouse has taken;
    - reasons: [(column, reason as SQL, condition on `landed` that holds where this is not the reason), …]. -#}
{% macro parent_rules(source_name) -%}
    {%- set known_customer = 'exists (
        select 1 from ' ~ ref('dim_customer') ~ ' as parents
        where landed.customer_id = parents.customer_id and parents.batch_id <= landed.batch_id
    )' -%}
    {%- set known_account = 'exists (
        select 1 from ' ~ ref('dim_account') ~ ' as parents
        where landed.account_id = parents.account_id and parents.batch_id <= landed.batch_id
    )' -%}
    {%- set known_symbol = 'landed.symbol in (select symbol from ' ~ ref('dim_security') ~ ')' -%}
    {%- set taken_trade = (
        ref('dim_trade'), 'landed.trade_id = parents.trade_id and parents.first_batch_id <= landed.batch_id'
    ) -%}
    {%- set known_trade = 'exists (select 1 from ' ~ taken_trade[0] ~ ' as parents where ' ~ taken_trade[1] ~ ')' -%}
    {%- set landed_trade = 'exists (
        select 1 from ' ~ ref('stg_brokerage__trade') ~ ' as parents
        where landed.trade_id = parents.trade_id and parents.batch_id <= landed.batch_id
    )' -%}
    {%- set rules = {
        'brokerage.trade': {
            'model': 'stg_brokerage__trade',
            'keys': [('trade_id', 't_id'), ('cdc_dsn', 'cdc_dsn')],
            'parent': taken_trade,
            'reasons': [
                ('t_ca_id', "'unknown account ' || landed.account_id", known_account),
                ('t_s_symb', "'unknown security ' || landed.symbol", known_symbol),
                ('t_id', "'never inserted, or its account or security was not in force when it was created'", 'false'),
            ],
        },
        'brokerage.trade_history': {
            'model': 'stg_brokerage__trade_history',
            'keys': [('trade_id', 'th_t_id'), ('status_id', 'th_st_id'), ('changed_at', 'th_dts')],
            'parent': taken_trade,
            'reasons': [
                ('th_t_id', "'unknown trade ' || landed.trade_id", landed_trade),
                ('th_t_id', "'trade ' || landed.trade_id || ' was rejected'", 'false'),
            ],
        },
        'brokerage.cash_transaction': {
            'model': 'stg_brokerage__cash_transaction',
            'keys': [
                ('account_id', 'ct_ca_id'), ('transacted_at', 'ct_dts'), ('amount', 'ct_amt'), ('cdc_dsn', 'cdc_dsn'),
            ],
            'parent': (
                ref('dim_account'),
                'landed.account_id = parents.account_id
                and cast(landed.transacted_at as date) >= parents.effective_date
                and cast(landed.transacted_at as date) < parents.end_date'
            ),
            'reasons': [
                ('ct_ca_id', "'unknown account ' || landed.account_id", known_account),
                ('ct_dts', "'account ' || landed.account_id || ' was not in force then'", 'false'),
            ],
        },
        'brokerage.holding_history': {
            'model': 'stg_brokerage__holding_history',
            'keys': [('opening_trade_id', 'hh_h_t_id'), ('trade_id', 'hh_t_id'), ('cdc_dsn', 'cdc_dsn')],
            'accepted': known_trade ~ ' and ' ~ known_trade | replace('landed.trade_id', 'landed.opening_trade_id'),
            'reasons': [
                ('hh_t_id', "'unknown trade ' || landed.trade_id", known_trade),
                ('hh_h_t_id', "'unknown trade ' || landed.opening_trade_id", 'false'),
            ],
        },
        'brokerage.daily_market': {
            'model': 'stg_brokerage__daily_market',
            'keys': [('market_date', 'dm_date'), ('symbol', 'dm_s_symb'), ('cdc_dsn', 'cdc_dsn')],
            'parent': (
                ref('dim_security'),
                'landed.symbol = parents.symbol
                and landed.market_date >= parents.effective_date
                and landed.market_date < parents.end_date'
            ),
            'reasons': [
                ('dm_s_symb', "'unknown security ' || landed.symbol", known_symbol),
                ('dm_date', "'security ' || landed.symbol || ' was not in force then'", 'false'),
            ],
        },
        'brokerage.watch_history': {
            'model': 'stg_brokerage__watch_history',
            'keys': [
                ('customer_id', 'w_c_id'), ('symbol', 'w_s_symb'), ('changed_at', 'w_dts'), ('action', 'w_action'),
                ('cdc_dsn', 'cdc_dsn'),
            ],
            'accepted': accepted_watch(),
            'reasons': [
                ('w_c_id', "'unknown customer ' || landed.customer_id", known_customer),
                ('w_s_symb', "'unknown security ' || landed.symbol", known_symbol),
                ('w_dts', "'customer or security was not in force then'", "landed.action <> 'ACTV'"),
                ('w_action', "'no active watch to remove'", 'false'),
            ],
        },
        'brokerage.account': {
            'model': 'stg_brokerage__account',
            'keys': [('account_id', 'ca_id'), ('cdc_dsn', 'cdc_dsn')],
            'accepted': known_customer ~ ' and landed.broker_id in (select broker_id from ' ~ ref('dim_broker') ~ ')',
            'reasons': [
                ('ca_c_id', "'unknown customer ' || landed.customer_id", known_customer),
                ('ca_b_id', "'unknown broker ' || landed.broker_id", 'false'),
            ],
        },
        'crm.customer_mgmt': {
            'model': 'stg_crm__customer_mgmt',
            'keys': [('byte_offset', 'byte_offset')],
            'accepted': accepted_action('customer') ~ ' and ' ~ accepted_action('broker') ~ ' and '
                ~ accepted_action('account'),
            'reasons': [
                ('c_id', "'unknown customer ' || landed.customer_id", accepted_action('customer')),
                ('ca_b_id', "'unknown broker ' || coalesce(landed.broker_id, '')", accepted_action('broker')),
                ('ca_id', "'unknown account ' || landed.account_id", 'false'),
            ],
        },
        'newswire.company': {
            'model': 'stg_newswire__company',
            'keys': [('company_id', 'cik'), ('posted_at', 'pts')],
            'accepted': 'landed.industry_id in (select in_id from ' ~ ref('industry') ~ ')',
            'reasons': [('industry_id', "'unknown industry ' || landed.industry_id", 'false')],
        },
        'newswire.security': {
            'model': 'stg_newswire__security',
            'keys': [('symbol', 'symbol'), ('posted_at', 'pts'), ('co_name_or_cik', 'co_name_or_cik')],
            'accepted': accepted_company(),
            'reasons': [
                ('co_name_or_cik', "'no company ' || landed.co_name_or_cik || ' in force when posted'", 'false'),
            ],
        },
        'newswire.financial': {
            'model': 'stg_newswire__financial',
            'keys': [
                ('co_name_or_cik', 'co_name_or_cik'), ('posted_at', 'pts'), ('fi_year', 'year'), ('fi_qtr', 'quarter'),
            ],
            'accepted': accepted_company(),
            'reasons': [
                ('co_name_or_cik', "'no company ' || landed.co_name_or_cik || ' in force when posted'", 'false'),
            ],
        },
    } -%}
    {{ return(rules.get(source_name)) }}
{%- endmacro %}

{#- A newswire record whose company is in force on the day of the posting. -#}
{% macro accepted_company() -%}
    exists (
        select 1
        from ({{ company_references(ref('dim_company')) }}) as company_references
        where
            landed.co_name_or_cik = company_references.reference
            and cast(landed.posted_at as date) >= company_references.effective_date
            and cast(landed.posted_at as date) < company_references.end_date
    )
{%- endmacro %}

{#- An action whose customer, broker or account is known by then. -#}
{% macro accepted_action(parent) -%}
    {%- if parent == 'broker' -%}
    (
        (landed.broker_id is null and landed.action_type not in ('NEW', 'ADDACCT'))
        or landed.broker_id in (select cast(broker_id as varchar) from {{ ref('dim_broker') }})
    )
    {%- else -%}
    (
        landed.action_type in {{ "('NEW')" if parent == 'customer' else "('NEW', 'ADDACCT', 'UPDCUST', 'INACT')" }}
        or exists (
            select 1 from {{ ref('dim_' ~ parent) }} as parents
            where
                landed.{{ parent }}_id = parents.{{ parent }}_id
                and cast(landed.action_at as date) >= parents.effective_date
        )
    )
    {%- endif -%}
{%- endmacro %}

{#- A watch event that a row of fact_watches stands for. -#}
{% macro accepted_watch() -%}
    exists (
        select 1
        from {{ ref('dim_customer') }} as customers
        inner join {{ ref('fact_watches') }} as watches on customers.sk_customer_id = watches.sk_customer_id
        inner join {{ ref('dim_security') }} as securities on watches.sk_security_id = securities.sk_security_id
        where
            landed.customer_id = customers.customer_id
            and landed.symbol = securities.symbol
            and landed.changed_at = case when landed.action = 'ACTV' then watches.placed_at else watches.removed_at end
    )
{%- endmacro %}

{#- FROM and WHERE of a source's staged rows, named `landed`, that the warehouse has taken or has not. `condition` picks
    the rows to look at. -#}
{% macro rows_taken(source_name, condition, taken=true) -%}
    {%- set rules = parent_rules(source_name) -%}
    from {{ ref(rules.model) }} as landed
    {%- if rules.parent %}
    {{ 'semi' if taken else 'anti' }} join {{ rules.parent[0] }} as parents
        on
            {{ rules.parent[1] }}
    where {{ condition }}
    {%- else %}
    where
        {{ condition }}
        and {{ '' if taken else 'not ' }}({{ rules.accepted }})
    {%- endif -%}
{%- endmacro %}

{#- Staged rows of some batches that the warehouse has not taken, as SQL. -#}
{% macro orphan_rows(source_name, batch_ids) -%}
    select landed.*
    {{ rows_taken(source_name, 'landed.batch_id in (' ~ batch_ids | join(', ') ~ ')', taken=false) }}
{%- endmacro %}

{#- The same rows found again in their files, with the reason, in the columns of operations.rejected_rows. -#}
{% macro rejected_orphans(source_name, batch_ids) -%}
    {%- set rules = parent_rules(source_name) -%}
    {%- set layout = landing_layout(source_name) -%}
    {%- set format = layout.config.meta.format -%}
    with orphans as (
        {{ orphan_rows(source_name, batch_ids) }}
    ),

    explained as (
        {#- Rows that agree in all keys are found line by line in the file, so they are named once here. #}
        select distinct
            batch_id,
            {%- for staged, _ in rules['keys'] %}
            {{ staged }},
            {%- endfor %}
            {{ first_failed(rules.reasons) }} as failed
        from orphans as landed
    ),

    found as (
        {% if format == 'xml' -%}
        select
            batch_id,
            byte_offset,
            landed_file as file_name,
            line_number,
            {{ raw_element(layout, 'landed_file', 'byte_offset') }} as raw_text
        from orphans
        {%- else -%}
        {{ without_erased(layout, located_rows(layout, source_name, batch_ids)) }}
        {%- endif %}
    )

    select
        '{{ source_name }}' as source_name,
        explained.batch_id,
        found.file_name,
        found.line_number,
        {{ 'found.byte_offset' if format == 'xml' else 'null::bigint' }} as byte_offset,
        explained.failed.column_name as column_name,
        explained.failed.reason as reason,
        found.raw_text
    from explained
    left join found
        on
            explained.batch_id = found.batch_id
            {%- for staged, landed_column in rules['keys'] %}
            and explained.{{ staged }} is not distinct from found.{{ landed_column }}
            {%- endfor %}
{%- endmacro %}

{#- [(batch_id, path, name), …] of a source's files in some batches. -#}
{% macro landed_files_of(source_name, batch_ids) -%}
    {{ return(run_query(
        "select batch_id, file_path, file_name from landing_area where source_name = '" ~ source_name
        ~ "' and batch_id in (" ~ batch_ids | join(', ') ~ ") order by batch_id, file_path"
    ).rows | list) }}
{%- endmacro %}

{#- Lines of landed files with their columns in type. -#}
{% macro located_rows(layout, source_name, batch_ids) -%}
    {%- set files = landed_files_of(source_name, batch_ids) -%}
    {%- if layout.config.meta.format == 'fixed' -%}
        select
            batch_id,
            file_name,
            line_number,
            line as raw_text
            {%- for column in layout.columns.values() %},
            {{ fixed_value(layout, column) }} as {{ column.name }}
            {%- endfor %}
        from ({{ duckdb__numbered_lines(files) }})
        where substring(line, 16, 3) = '{{ layout.config.meta.record_type }}'
    {%- else -%}
        {%- for file in files -%}
            {%- set shift = 2 if layout.config.meta.cdc and file[0] > 1 else 0 %}
        select
            {{ file[0] }} as batch_id,
            '{{ file[2] | replace("'", "''") }}' as file_name,
            line_number,
            line as raw_text
            {%- if layout.config.meta.cdc %},
            {{ 'try_cast(fields[2] as bigint)' if shift else 'null::bigint' }} as cdc_dsn
            {%- endif %}
            {%- for column in layout.columns.values() %},
            try_cast(fields[{{ loop.index + shift }}] as {{ column.data_type }}) as {{ column.name }}
            {%- endfor %}
        from ({{ duckdb__numbered_fields(layout, file) }})
        {{ "union all" if not loop.last }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Names of the sources whose rows have parents. -#}
{% macro parent_sources() -%}
    {{ return([
        'brokerage.account', 'brokerage.cash_transaction', 'brokerage.daily_market', 'brokerage.holding_history',
        'brokerage.trade', 'brokerage.trade_history', 'brokerage.watch_history', 'crm.customer_mgmt',
        'newswire.company', 'newswire.financial', 'newswire.security'
    ]) }}
{%- endmacro %}

{#- Names of the sources that are reconciled: all but the control totals themselves. -#}
{% macro reconciled_sources() -%}
    {{ return(parent_sources() + [
        'brokerage.customer', 'hr.employee', 'marketing.prospect', 'reference.batch_date', 'reference.date',
        'reference.industry', 'reference.status_type', 'reference.tax_rate', 'reference.time', 'reference.trade_type'
    ]) }}
{%- endmacro %}
