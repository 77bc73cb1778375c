{#- The figures watched for each column and file, as [(kind, rows, category, value, weight, unit, which rows), …]: all but
    the kind are SQL. `rows` names a CTE of batch_series. -#}
{% macro watched_figures() -%}
    {%- set measures = "role = 'measure' and mean is not null" -%}
    {{ return([
        ('null_share', 'new_columns', 'null', 'null_share', 'row_count', '1', 'true'),
        ('distinct', 'new_columns', 'null', 'distinct_count', 'filled_count', '1', 'true'),
        ('mean', 'new_columns', 'null', 'mean', 'filled_count', 'coalesce(unit, 1)', measures),
        ('median', 'new_columns', 'null', 'p50', 'filled_count', 'coalesce(unit, 1)', measures),
        ('spread', 'new_columns', 'null', 'p75 - p25', 'filled_count', 'coalesce(unit, 1)', measures),
        ('length', 'new_columns', 'null', 'mean_length', 'filled_count', '1', 'true'),
        (
            'concentration', 'new_columns', 'frequent_values[1].value', 'most_frequent_count', 'filled_count', '1',
            "role = 'identifier'"
        ),
        (
            'mode_share', 'new_columns', 'null', 'most_frequent_count / filled_count', 'filled_count', '1',
            "role = 'measure'"
        ),
        (
            'age', 'new_columns', 'null', 'epoch(batch_date) / 86400.0 - mean', 'filled_count', '1',
            "role = 'time' and mean is not null"
        ),
        ('share', 'category_shares', 'category', 'share', 'filled_count', '1', 'true'),
        ('category_rows', 'category_shares', 'category', 'round(share * filled_count)', 'filled_count', '1', 'true'),
        ('blank_share', 'new_columns', 'null', 'blank_share', 'filled_count', '1', 'true'),
        ('zero_share', 'new_columns', 'null', 'zero_share', 'filled_count', '1', 'true'),
        ('round_share', 'new_columns', 'null', 'round_share', 'filled_count', '1', 'true'),
        ('above_share', 'new_columns', 'null', 'above_share', 'filled_count', '1', 'true'),
        ('non_ascii_share', 'new_columns', 'null', 'non_ascii_share', 'filled_count', '1', 'true'),
        ('garbled_share', 'new_columns', 'null', 'garbled_share', 'filled_count', '1', 'true'),
        ('agreeing_share', 'new_columns', 'null', 'agreeing_share', 'filled_count', '1', 'true'),
        ('negative_share', 'new_columns', 'null', 'negative_share', 'filled_count', '1', measures),
        ('doubled_share', 'new_files', 'null', 'doubled_share', 'row_count', '1', 'true'),
        ('repeated_share', 'new_files', 'null', 'repeated_share', 'row_count', '1', 'true'),
        ('repeated_measures_share', 'new_files', 'null', 'repeated_measures_share', 'row_count', '1', 'true'),
    ]) }}
{%- endmacro %}
