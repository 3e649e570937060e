.mode csv
SELECT 1;
 .tables
