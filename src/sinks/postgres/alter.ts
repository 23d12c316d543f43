import { quoteText } from './quote.ts';

/** Adds a column where it is missing. `add column if not exists` would keep flushes waiting for readers, also where it exists. */
export const addColumn = (name: string, column: string, type: string): string => `do $$ begin
  if not exists (select from pg_attribute where attrelid = ${quoteText(name)}::regclass and attname = ${quoteText(column)} and not attisdropped) then
    alter table ${name} add column ${column} ${type};
  end if;
end $$;`;

/** Makes a view, or replaces one that is another: `create or replace` waits for the readers of a view, also where it changes nothing. */
export const replaceView = (name: string, query: string): string => `do $$ begin
  create view scalestream."$view" as ${query};
  if pg_get_viewdef(to_regclass(${quoteText(name)})) is distinct from pg_get_viewdef('scalestream."$view"'::regclass) then
    create or replace view ${name} as ${query};
  end if;
  drop view scalestream."$view";
end $$;`;
