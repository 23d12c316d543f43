import type { Socket } from 'node:net';

/** Writes to a socket in order, each piece after its own delay. */
export interface DelayedWriter {
  write(bytes: Buffer, delayMs: number): void;
}

export function delayedWriter(socket: Socket): DelayedWriter {
  const waiting: { readonly bytes: Buffer; readonly due: number }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const drain = (): void => {
    timer = undefined;
    while (waiting[0] && waiting[0].due <= performance.now()) send(waiting.shift()?.bytes as Buffer);
    const [next] = waiting;
    if (next) timer = setTimeout(drain, Math.max(1, next.due - performance.now()));
  };
  const send = (bytes: Buffer): void => {
    if (socket.writable) socket.write(bytes);
  };
  socket.once('close', () => clearTimeout(timer));
  return {
    write(bytes, delayMs) {
      if (delayMs === 0 && waiting.length === 0) return send(bytes);
      waiting.push({ bytes, due: performance.now() + delayMs });
      timer ??= setTimeout(drain, delayMs);
    },
  };
}
