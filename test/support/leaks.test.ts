import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { of, Subject } from 'rxjs';
import { expect, test } from 'vitest';
import { watchLeaks } from './leaks.ts';

/** Turns the event loop; a wait with a timer would be a leak itself. */
async function untilNone(leaks: () => string[]): Promise<void> {
  while (leaks().length > 0) await new Promise((resolve) => void setImmediate(resolve));
}

test('a timer is a leak until it is cleared', () => {
  const leaks = watchLeaks(() => 'me');
  const timer = setInterval(() => undefined, 1_000);
  expect(leaks()).toEqual(['timer (1)']);
  clearInterval(timer);
  expect(leaks()).toEqual([]);
});

test('a server and both ends of a connection are leaks until they are closed', async () => {
  const leaks = watchLeaks(() => 'me');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  expect(leaks()).toEqual(['TCP server (1)']);
  const accepted = once(server, 'connection');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [other] = await accepted;
  expect(leaks()).toContain('TCP socket (2)');
  client.destroy();
  other.destroy();
  server.close();
  await untilNone(leaks);
});

test.runIf(process.platform === 'linux')(
  'a child process is a leak even where it does not hold up the end',
  async () => {
    const leaks = watchLeaks(() => 'me');
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    child.unref();
    expect(leaks()).toEqual([`child process ${child.pid}`]);
    child.ref();
    child.kill();
    await once(child, 'exit');
    await untilNone(leaks);
  },
);

test('an open subscription is a leak with the name of its owner; unsubscribed, completed or failed ones are none', () => {
  const leaks = watchLeaks(() => 'me');
  const [one, two, three] = [new Subject(), new Subject(), new Subject()];
  const subscription = one.subscribe();
  two.subscribe();
  three.subscribe({ error: () => undefined });
  of(1).subscribe();
  expect(leaks()).toEqual(["subscription of 'me' (3)"]);
  subscription.unsubscribe();
  two.complete();
  three.error(new Error('over'));
  expect(leaks()).toEqual([]);
});
