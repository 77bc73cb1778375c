{{ config(materialized='view') }}
{#- Each control says itself which model it counts. All are there by now: messages come after every table of core. -#}
-- depends_on: {{ ref('accepted_differences') }}, {{ ref('audit') }}, {{ ref('di_messages') }}
-- depends_on: {{ ref('reconciliation') }}, {{ ref('rejected_rows') }}

-- One row per control and batch. A view, so that it reflects current rows and the differences accepted today.
with results as (
    {{ control_results(all_controls()) | indent(4) }}
)

select * from results
