select case
    when sum(lost_rows) = 0 then 'Every row that landed is loaded or rejected with a reason.'
    else sum(lost_rows) || ' rows are neither loaded nor rejected.'
end from operations.reconciliation
