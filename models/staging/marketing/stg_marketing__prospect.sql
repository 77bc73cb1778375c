with source as (
    {{ read_landed(source('marketing', 'prospect')) }}
),

renamed as (
    select
        agency_id,

        last_name,
        first_name,
        middle_initial,
        gender,
        address_line1,
        address_line2,
        postal_code,
        city,
        state,
        country,
        phone,

        income,
        number_cars,
        number_children,
        marital_status,
        age,
        credit_rating,
        own_or_rent_flag,
        employer,
        number_credit_cards,
        net_worth,

        batch_id
    from source
)

select * from renamed
