import { expect, test } from 'vitest';
import { StoreError } from '../../../src/errors.ts';
import { classify, isMissingPartition, isSpent } from '../../../src/sinks/postgres/classify.ts';

test.each([
  // connection: unknown whether it was committed
  ['CONNECTION_CLOSED', 'retry'],
  ['CONNECTION_DESTROYED', 'retry'],
  ['CONNECTION_ENDED', 'retry'],
  ['CONNECT_TIMEOUT', 'retry'],
  ['ECONNREFUSED', 'retry'],
  ['ECONNRESET', 'retry'],
  ['EPIPE', 'retry'],
  ['ETIMEDOUT', 'retry'],
  ['ENOTFOUND', 'retry'],
  ['EAI_AGAIN', 'retry'],
  ['EHOSTUNREACH', 'retry'],
  ['ENETUNREACH', 'retry'],
  ['ERR_STREAM_DESTROYED', 'retry'],
  ['08006', 'retry'],
  ['08P01', 'retry'],
  // the database says: again
  ['40001', 'retry'],
  ['40P01', 'retry'],
  ['40003', 'retry'],
  ['55P03', 'retry'],
  ['57P01', 'retry'],
  ['57P02', 'retry'],
  ['57P03', 'retry'],
  ['57P05', 'retry'],
  ['53100', 'retry'],
  ['53200', 'slow'],
  ['25P04', 'retry'],
  ['EPROTO', 'retry'],
  ['EMFILE', 'retry'],
  ['53300', 'retry'],
  ['58030', 'retry'],
  ['25006', 'retry'],
  ['26000', 'retry'],
  // too much at once
  ['57014', 'slow'],
  // an event may be the cause
  ['22001', 'event'],
  ['22003', 'event'],
  ['22008', 'event'],
  ['22021', 'event'],
  ['22P02', 'event'],
  ['22P05', 'event'],
  ['23502', 'event'],
  ['23505', 'event'],
  ['23514', 'event'],
  ['54000', 'event'],
  ['54001', 'event'],
  // nothing that trying again would mend
  ['28000', 'fatal'],
  ['28P01', 'fatal'],
  ['3D000', 'fatal'],
  ['3F000', 'fatal'],
  ['42501', 'fatal'],
  ['42703', 'fatal'],
  ['42P01', 'fatal'],
  ['0A000', 'fatal'],
  ['P0001', 'fatal'],
  ['XX000', 'fatal'],
  ['XX001', 'fatal'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'fatal'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'fatal'],
])('%s is %s', (code, failure) => {
  const error = classify(Object.assign(new Error('said'), { code }), 'orders');
  expect(error).toBeInstanceOf(StoreError);
  expect([error.failure, error.reason]).toEqual([failure, code]);
  expect(error.message).toContain(`said [${code}]`);
});

test.each([
  ['orders', 'event'],
  ['orders_20260101', 'event'],
  ['orders_by_hour', 'fatal'],
  ['orders_2026', 'fatal'],
  ['rejects', 'fatal'],
])('a violated constraint of table %s is %s', (table_name, failure) => {
  expect(classify({ code: '23514', message: 'check', table_name }, 'orders').failure).toBe(failure);
});

test('an index row that is too long is the fault of an event in a window table too', () => {
  expect(classify({ code: '54000', message: 'index row size', table_name: 'trade' }, 'orders').failure).toBe('event');
});

test('a sum out of range is no fault of an event; a number out of range is', () => {
  const overflow = { code: '22003', message: 'bigint out of range' };
  expect(classify({ ...overflow, routine: 'int8pl' }, 'orders')).toMatchObject({
    failure: 'fatal',
    message: expect.stringContaining('Fix: a total is beyond 64 bits: declare the part numeric'),
  });
  expect(classify({ ...overflow, routine: 'pg_strtoint64_safe' }, 'orders').failure).toBe('event');
});

test('a message never carries the row that violated a constraint', () => {
  const error = { code: '23514', message: 'check', table_name: 'trade', detail: 'Failing row contains (secret)' };
  expect(classify(error, 'orders').message).toBe('check [23514]. Fix: see the database; nothing was deleted');
});

test('what is classified already stays as it is', () => {
  const error = new StoreError('horizon', 'horizon', 'moved');
  expect(classify(error, 'orders')).toBe(error);
});

test('what is no database error is fatal, with its message and its cause', () => {
  const cause = new TypeError('a bug');
  expect(classify(cause, 'orders')).toMatchObject({
    failure: 'fatal',
    reason: 'UNKNOWN',
    message: expect.stringMatching(/a bug/),
    cause,
  });
});

test('a missing partition is not taken for a violated check', () => {
  expect(isMissingPartition({ code: '23514', routine: 'ExecFindPartition' })).toBe(true);
  expect(isMissingPartition({ code: 'XX000', routine: 'relation_open' })).toBe(true);
  expect(isMissingPartition({ code: '23514', routine: 'ExecConstraints' })).toBe(false);
});

test('a connection that failed, or whose server will not serve, is of no more use; one that met a lock is', () => {
  const spent = ['ECONNRESET', 'CONNECTION_CLOSED', 'DEADLINE', '57P01', '08006', '25006'];
  expect(spent.filter((code) => !isSpent({ code }))).toEqual([]);
  expect(['40P01', '55P03', '57014', undefined].filter((code) => isSpent({ code }))).toEqual([]);
});
