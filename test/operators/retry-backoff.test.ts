import { defer, of, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import { backoff } from '../../src/operators/backoff.ts';
import { retryBackoff } from '../../src/operators/retry-backoff.ts';

const virtual = (): TestScheduler => new TestScheduler((got, wanted) => expect(got).toEqual(wanted));
const down = new StoreError('retry', '57P01', 'shutting down');

/** Fails with each of the errors in turn, then succeeds. */
const failing = (...errors: unknown[]) =>
  defer(() => (errors.length > 0 ? throwError(() => errors.shift()) : of('done')));

/** Waits 10, 20, 40, 80, 80, … ms. */
const policy = (attempts?: number) =>
  backoff({ first: '20ms', cap: '160ms', random: () => 0.5, ...(attempts ? { attempts } : {}) });

describe('retryBackoff', () => {
  test('subscribes again after each wait, and the waits grow', () => {
    virtual().run(({ expectObservable }) => {
      const told: unknown[] = [];
      const onRetry = (_: unknown, failure: number, ms: number): void => void told.push([failure, ms]);
      expectObservable(failing(down, down, down).pipe(retryBackoff(policy(), { onRetry }))).toBe('70ms (r|)', {
        r: 'done',
      });
      expectObservable(defer(() => of(told))).toBe('(t|)', {
        t: [
          [1, 10],
          [2, 20],
          [3, 40],
        ],
      });
    });
  });

  test('takes its time from the given scheduler', () => {
    const scheduler = virtual();
    const got: string[] = [];
    const subscription = failing(down)
      .pipe(retryBackoff(policy(), { scheduler }))
      .subscribe((value) => got.push(value));
    expect(got).toEqual([]);
    scheduler.flush();
    expect(got).toEqual(['done']);
    expect(scheduler.frame).toBe(10);
    expect(subscription.closed).toBe(true);
  });

  test('passes the last error on once the attempts are used up', () => {
    virtual().run(({ expectObservable }) => {
      const last = new StoreError('retry', '57P03', 'still starting');
      expectObservable(failing(down, down, last, down).pipe(retryBackoff(policy(3)))).toBe('30ms #', {}, last);
      expectObservable(failing(last).pipe(retryBackoff(policy(1)))).toBe('#', {}, last);
    });
  });

  test.each([
    new StoreError('event', '22021', 'bad text'),
    new StoreError('horizon', 'horizon', 'moved'),
    new StoreError('fenced', 'fenced', 'another version'),
    new StoreError('fatal', '42501', 'no permission'),
    new Error('a bug'),
  ])('passes on at once what is not worth a retry: $message', (error) => {
    virtual().run(({ expectObservable }) => {
      expectObservable(failing(error).pipe(retryBackoff(policy()))).toBe('#', {}, error);
    });
  });

  test('lets its user say which errors are worth it', () => {
    virtual().run(({ expectObservable }) => {
      const when = (error: unknown): boolean => error === 'again';
      expectObservable(failing('again', 'stop').pipe(retryBackoff(policy(), { when }))).toBe('10ms #', {}, 'stop');
    });
  });

  test('stops waiting when it is unsubscribed', () => {
    virtual().run(({ expectObservable, cold }) => {
      const source = cold('#', {}, down);
      expectObservable(source.pipe(retryBackoff(policy())), '15ms !').toBe('');
      // subscribed at 0 and after the first wait of 10 ms, never after that
      expectObservable(
        defer(() => of(source.subscriptions.length)),
        '40ms ^',
      ).toBe('40ms (n|)', { n: 2 });
    });
  });
});
