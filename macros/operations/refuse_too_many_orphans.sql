{#- Stop the load where more rows of a file were rejected than the variable max_rejected_share allows. Rows that cannot
    be read have been checked when the file was staged; here the rows without a parent count too. The rejected rows
    stay on record, and each run stops here until the files are corrected or the share is raised. -#}
{% macro refuse_too_many_orphans() -%}
    {%- if execute and flags.WHICH in ['run', 'build'] -%}
        {%- set bad = run_query("
            select
                counts.source_name,
                counts.batch_id,
                counts.landed_rows,
                count(*) as rejected_count,
                min(rejects.file_name) as file_name,
                min(rejects.line_number) as line_number,
                min_by(rejects.reason, rejects.line_number) as reason
            from " ~ this ~ " as rejects
            inner join " ~ ref('load_counts') ~ " as counts
                on
                    rejects.source_name = counts.source_name
                    and rejects.batch_id = counts.batch_id
            group by counts.source_name, counts.batch_id, counts.landed_rows
            having count(*) > ceil(counts.landed_rows * " ~ var('max_rejected_share') ~ ")
            order by counts.batch_id, counts.source_name
        ") -%}
        {%- set lines = [] -%}
        {%- for row in bad.rows -%}
            {%- do lines.append(
                row['file_name'] ~ ': ' ~ row['rejected_count'] ~ ' of ' ~ row['landed_rows']
                ~ ' rows rejected, the first in line ' ~ row['line_number'] ~ ': ' ~ row['reason']
            ) -%}
        {%- endfor -%}
        {%- if lines -%}
            {%- do exceptions.raise_compiler_error(
                'More rows were rejected than the ' ~ var('max_rejected_share') ~ ' that max_rejected_share allows.\n  '
                ~ lines | join('\n  ')
                ~ '\nAll of them are in operations.rejected_rows. Have the files corrected and rebuild with'
                ~ " --full-refresh, or accept the loss with --vars '{max_rejected_share: 0.05}', say."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
