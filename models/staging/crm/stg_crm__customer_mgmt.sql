with source as (
    {{ read_landed(source('crm', 'customer_mgmt')) }}
),

renamed as (
    select
        action_type,
        cast(action_ts as timestamp) as action_at,
        cast(c_id as bigint) as customer_id,
        cast(nullif(ca_id, '') as bigint) as account_id,

        c_tax_id as tax_id,
        c_l_name as last_name,
        c_f_name as first_name,
        c_m_name as middle_initial,
        c_gndr as gender,
        c_tier as tier,
        c_dob as dob,

        c_adline1 as address_line1,
        c_adline2 as address_line2,
        c_zipcode as postal_code,
        c_city as city,
        c_state_prov as state_prov,
        c_ctry as country,

        c_phone_1 is not null as phone1_is_present,
        c_ctry_code_1 as phone1_country_code,
        c_area_code_1 as phone1_area_code,
        c_local_1 as phone1_local_number,
        c_ext_1 as phone1_extension,
        c_phone_2 is not null as phone2_is_present,
        c_ctry_code_2 as phone2_country_code,
        c_area_code_2 as phone2_area_code,
        c_local_2 as phone2_local_number,
        c_ext_2 as phone2_extension,
        c_phone_3 is not null as phone3_is_present,
        c_ctry_code_3 as phone3_country_code,
        c_area_code_3 as phone3_area_code,
        c_local_3 as phone3_local_number,
        c_ext_3 as phone3_extension,
        c_prim_email as email1,
        c_alt_email as email2,

        c_lcl_tx_id as local_tax_id,
        c_nat_tx_id as national_tax_id,

        ca_b_id as broker_id,
        ca_name as account_desc,
        ca_tax_st as tax_status,

        landed_file,
        line_number,
        byte_offset,
        batch_id
    from source
)

select * from renamed
