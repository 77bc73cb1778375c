"""Generate a landing area: the files of five brokerage source systems, with their control totals."""
