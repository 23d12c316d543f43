-- Who reads windows for dashboards: nothing but reading, and no statement without an end.
create role grafana login password 'grafana';
alter role grafana set default_transaction_read_only = on;
alter role grafana set statement_timeout = '10s';
grant pg_read_all_data to grafana;
