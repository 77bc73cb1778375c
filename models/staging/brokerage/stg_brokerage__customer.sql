with source as (
    {{ read_landed(source('brokerage', 'customer')) }}
),

renamed as (
    select
        c_id as customer_id,
        c_tax_id as tax_id,
        c_st_id as status_id,

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

        c_ctry_1 as phone1_country_code,
        c_area_1 as phone1_area_code,
        c_local_1 as phone1_local_number,
        c_ext_1 as phone1_extension,
        c_ctry_2 as phone2_country_code,
        c_area_2 as phone2_area_code,
        c_local_2 as phone2_local_number,
        c_ext_2 as phone2_extension,
        c_ctry_3 as phone3_country_code,
        c_area_3 as phone3_area_code,
        c_local_3 as phone3_local_number,
        c_ext_3 as phone3_extension,
        c_email_1 as email1,
        c_email_2 as email2,

        c_lcl_tx_id as local_tax_id,
        c_nat_tx_id as national_tax_id,

        cdc_flag,
        cdc_dsn,
        batch_id
    from source
)

select * from renamed
