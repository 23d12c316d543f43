/** Most buckets that a roll-up may have. */
const MOST = 100_000;

/**
 * Coarser spans of time, for the roll-ups: `minute`, `hour`, `day`, `week` (from Monday), `month`, `quarter` and `year` as clocks and calendars show them in a
 * zone, or any shorter interval, such as `15 minutes`, counted from 1970-01-01T00:00 in that zone. `1 day` is `day`.
 */
export const BUCKETS_DDL = `
create or replace function scalestream.bucket_unit(bucket text) returns text language sql immutable parallel safe as
$$ select substring(lower(bucket), '^\\s*(?:1\\s+)?(minute|hour|day|week|month|quarter|year)s?\\s*$') $$;

create or replace function scalestream.bucket_start(unit text, step interval, "at" timestamptz, zone text)
returns timestamptz language sql stable parallel safe as
$$ select case when unit is null then date_bin(step, "at", timestamp '1970-01-01' at time zone zone) else date_trunc(unit, "at", zone) end $$;

create or replace function scalestream.bucket_end(unit text, step interval, start timestamptz, zone text)
returns timestamptz language sql stable parallel safe as
$$ select case
  when unit is null then start + step
  when unit in ('minute', 'hour') then date_trunc(unit, start + ('1 ' || unit)::interval, zone)
  else (date_trunc(unit, start at time zone zone) + case unit when 'quarter' then '3 months' else '1 ' || unit end::interval) at time zone zone
end $$;

create or replace function scalestream.buckets(bucket text, since timestamptz, until timestamptz, zone text default 'UTC')
returns table (bucket_start timestamptz, bucket_end timestamptz) language plpgsql stable as $$
declare
  unit text := scalestream.bucket_unit(bucket);
  step interval;
  n integer := 0;
begin
  if since is null or until is null or not isfinite(since) or not isfinite(until) then
    raise exception using errcode = '22023', message = format('a roll-up from %s to %s: expected two moments', since, until),
      hint = 'for all there is, begin with the first window';
  end if;
  if unit is null then
    begin
      step := bucket::interval;
    exception when others then
      step := null;
    end;
    if step is null or step <= interval '0' or step > interval '1 day' or extract(month from step) <> 0 then
      raise exception using errcode = '22023', message = format('a bucket of ''%s'': expected minute, hour, day, week, month, quarter, year, or an interval of less than a day', bucket),
        hint = 'such as ''15 minutes''';
    end if;
  end if;
  bucket_start := scalestream.bucket_start(unit, step, since, zone);
  while bucket_start < until loop
    n := n + 1;
    if n > ${MOST} then
      raise exception using errcode = '54000', message = format('a roll-up of more than ${MOST} buckets of ''%s''', bucket), hint = 'take larger ones, or less time';
    end if;
    bucket_end := scalestream.bucket_end(unit, step, bucket_start, zone);
    return next;
    bucket_start := bucket_end;
  end loop;
end $$;
comment on function scalestream.buckets is 'The buckets of a roll-up that hold a part of the time from since to until, whole';
`;
