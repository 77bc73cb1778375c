{#- The value of a threshold's row with the longest of the patterns that match. -#}
{% macro longest_match(column) -%}
    max_by({{ column }}, length(thresholds.series_pattern))
{%- endmacro %}

{#- A number as a person writes it: 1,790, 12.5, 0.034. -#}
{% macro said_number(expression) -%}
    case
        when abs({{ expression }}) >= 100 then format('{:,}', cast(round({{ expression }}) as bigint))
        when {{ expression }} = round({{ expression }}) then cast(cast({{ expression }} as bigint) as varchar)
        else format('{:.3g}', {{ expression }})
    end
{%- endmacro %}

{#- A share as percent. -#}
{% macro said_share(expression) -%}
    {{ said_number('round(100.0 * (' ~ expression ~ '), case when abs(' ~ expression ~ ') < 0.1 then 1 else 0 end)') }} || ' %'
{%- endmacro %}

{#- What an anomaly means, in a sentence that names file and column. -#}
{% macro anomaly_explanation() -%}
    {%- set subject = "feed || coalesce('.' || column_name, '')" -%}
    {%- set usual_rows -%}
        case method when 'weekday' then 'rows on such a weekday' when 'recent' then 'recent rows' else 'usual rows' end
    {%- endset -%}
    case kind
        when 'rows'
            then feed || ' has ' || {{ said_share('observed / greatest(expected, 1)') }} || ' of its '
                || {{ usual_rows }}
                || ': ' || {{ said_number('observed') }} || ' instead of about ' || {{ said_number('round(expected)') }}
        when 'category_rows'
            then feed || ' has ' || {{ said_number('observed') }} || ' rows with ' || column_name || ' ' || category
                || ' instead of about ' || {{ said_number('round(expected)') }}
        when 'rejected'
            then {{ said_number('observed') }} || ' rows of ' || feed || ' were rejected, instead of about '
                || {{ said_number('round(expected)') }}
        when 'arrival'
            then feed || ' arrived ' || {{ said_number('observed') }} || ' hours after half of the batch was there, '
                || 'instead of about ' || {{ said_number('round(expected)') }}
        when 'null_share'
            then {{ subject }} || ' is empty in ' || {{ said_share('observed') }} || ' of the rows instead of about '
                || {{ said_share('expected') }}
        when 'distinct'
            then {{ subject }} || ' has ' || {{ said_number('observed') }} || ' distinct values instead of about '
                || {{ said_number('round(expected)') }}
        when 'age'
            then 'Times in ' || {{ subject }} || ' are ' || {{ said_number('abs(observed - expected)') }} || ' days '
                || case when observed < expected then 'later' else 'earlier' end
                || ' than usual, measured from the batch''s date'
        when 'concentration'
            then 'One ' || column_name || coalesce(', ' || category || ',', '') || ' has ' || {{ said_number('observed') }} || ' rows of ' || feed
                || '; the most frequent one usually has about ' || {{ said_number('round(expected)') }}
        when 'share'
            then {{ subject }} || case when observed = 0 then ' is never ' else ' is ' end || category
                || case when observed = 0 then '' else ' in ' || {{ said_share('observed') }} || ' of the rows' end
                || ' instead of in about ' || {{ said_share('expected') }}
        when 'length'
            then 'Texts in ' || {{ subject }} || ' have ' || {{ said_number('observed') }}
                || ' characters on average instead of about ' || {{ said_number('expected') }}
        {% for share_kind, said in [
            ('mode_share', 'has one and the same value'),
            ('blank_share', 'looks empty'),
            ('negative_share', 'is negative'),
            ('zero_share', 'is 0 or midnight'),
            ('round_share', 'is a round number or a full minute'),
            ('above_share', 'is above the measure before it'),
            ('non_ascii_share', 'has characters other than ASCII'),
            ('garbled_share', 'has characters of a wrong encoding'),
            ('agreeing_share', 'has the sign that its kind usually has')
        ] -%}
        when '{{ share_kind }}'
            then {{ subject }} || ' {{ said }} in ' || {{ said_share('observed') }}
                || ' of the rows instead of in about ' || {{ said_share('expected') }}
        {% endfor -%}
        {% for share_kind, said in [
            ('doubled_share', 'come more than once in it'),
            ('repeated_share', 'were in one of the seven batches before'),
            ('repeated_measures_share', 'have the values of a row of the seven batches before')
        ] -%}
        when '{{ share_kind }}'
            then {{ said_share('observed') }} || ' of the rows of ' || feed || ' {{ said }}, instead of about '
                || {{ said_share('expected') }}
        {% endfor -%}
        when 'new_category'
            then {{ subject }} || ' has a value never seen before, ' || category || ', in ' || {{ said_share('observed') }}
                || ' of the rows'
        when 'drift'
            then 'The ' || threshold_kind || ' of ' || {{ subject }} || ' has drifted by '
                || {{ said_share('(observed - expected) / greatest(abs(expected), 0.000001)') }} || ' over ' || method
                || ' batches: ' || {{ said_number('observed') }} || ' instead of about ' || {{ said_number('expected') }}
        else 'The ' || kind || ' of ' || {{ subject }} || ' is ' || {{ said_number('observed') }} || ' instead of about '
            || {{ said_number('expected') }}
    end
{%- endmacro %}
