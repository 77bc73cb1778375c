{#- The value of a threshold's row with the longest of the patterns that match. -#}
{% macro longest_match(column) -%}
    max_by({{ column }}, length(thresholds.series_pattern))
{%- endmacro %}

{#- A number as text, in the usual notation: 1,790, 12.5, 0.034. -#}
{% macro number_text(expression) -%}
    case
        when abs({{ expression }}) >= 100 then format('{:,}', cast(round({{ expression }}) as bigint))
        when {{ expression }} = round({{ expression }}) then cast(cast({{ expression }} as bigint) as varchar)
        else format('{:.3g}', {{ expression }})
    end
{%- endmacro %}

{#- A share as text, in percent. -#}
{% macro percent_text(expression) -%}
    {{ number_text('round(100.0 * (' ~ expression ~ '), case when abs(' ~ expression ~ ') < 0.1 then 1 else 0 end)') }} || ' %'
{%- endmacro %}

{#- What an anomaly means, in a sentence that names file and column. -#}
{% macro anomaly_explanation() -%}
    {%- set subject = "feed || coalesce('.' || column_name, '')" -%}
    {%- set usual_rows -%}
        case method when 'weekday' then 'rows on such a weekday' when 'recent' then 'recent rows' else 'usual rows' end
    {%- endset -%}
    case kind
        when 'rows'
            then feed || ' has ' || {{ percent_text('observed / greatest(expected, 1)') }} || ' of its '
                || {{ usual_rows }}
                || ': ' || {{ number_text('observed') }} || ' instead of about ' || {{ number_text('round(expected)') }}
        when 'category_rows'
            then feed || ' has ' || {{ number_text('observed') }} || ' rows with ' || column_name || ' ' || category
                || ' instead of about ' || {{ number_text('round(expected)') }}
        when 'rejected'
            then {{ number_text('observed') }} || ' rows of ' || feed || ' were rejected, instead of about '
                || {{ number_text('round(expected)') }}
        when 'arrival'
            then feed || ' arrived ' || {{ number_text('observed') }} || ' hours after half of the batch was there, '
                || 'instead of about ' || {{ number_text('round(expected)') }}
        when 'null_share'
            then {{ subject }} || ' is empty in ' || {{ percent_text('observed') }} || ' of the rows instead of about '
                || {{ percent_text('expected') }}
        when 'distinct'
            then {{ subject }} || ' has ' || {{ number_text('observed') }} || ' distinct values instead of about '
                || {{ number_text('round(expected)') }}
        when 'age'
            then 'Times in ' || {{ subject }} || ' are ' || {{ number_text('abs(observed - expected)') }} || ' days '
                || case when observed < expected then 'later' else 'earlier' end
                || ' than usual, measured from the batch''s date'
        when 'concentration'
            then 'One ' || column_name || coalesce(', ' || category || ',', '') || ' has ' || {{ number_text('observed') }} || ' rows of ' || feed
                || '; the most frequent one usually has about ' || {{ number_text('round(expected)') }}
        when 'share'
            then {{ subject }} || case when observed = 0 then ' is never ' else ' is ' end || category
                || case when observed = 0 then '' else ' in ' || {{ percent_text('observed') }} || ' of the rows' end
                || ' instead of in about ' || {{ percent_text('expected') }}
        when 'length'
            then 'Texts in ' || {{ subject }} || ' have ' || {{ number_text('observed') }}
                || ' characters on average instead of about ' || {{ number_text('expected') }}
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
            then {{ subject }} || ' {{ said }} in ' || {{ percent_text('observed') }}
                || ' of the rows instead of in about ' || {{ percent_text('expected') }}
        {% endfor -%}
        {% for share_kind, said in [
            ('doubled_share', 'come more than once in it'),
            ('repeated_share', 'were in one of the seven batches before'),
            ('repeated_measures_share', 'have the values of a row of the seven batches before')
        ] -%}
        when '{{ share_kind }}'
            then {{ percent_text('observed') }} || ' of the rows of ' || feed || ' {{ said }}, instead of about '
                || {{ percent_text('expected') }}
        {% endfor -%}
        when 'new_category'
            then {{ subject }} || ' has a value never seen before, ' || category || ', in ' || {{ percent_text('observed') }}
                || ' of the rows'
        when 'drift'
            then 'The ' || threshold_kind || ' of ' || {{ subject }} || ' has drifted by '
                || {{ percent_text('(observed - expected) / greatest(abs(expected), 0.000001)') }} || ' over ' || method
                || ' batches: ' || {{ number_text('observed') }} || ' instead of about ' || {{ number_text('expected') }}
        else 'The ' || kind || ' of ' || {{ subject }} || ' is ' || {{ number_text('observed') }} || ' instead of about '
            || {{ number_text('expected') }}
    end
{%- endmacro %}
