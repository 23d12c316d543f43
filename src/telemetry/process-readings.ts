import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { type Reading, reading } from './reading.ts';

/** What this process takes of its machine. */
export function processReadings(): readonly Reading[] {
  const { user, system } = process.cpuUsage();
  const { used_heap_size: heap, heap_size_limit: heapLimit } = getHeapStatistics();
  return [
    reading('cpu', { 'cpu.mode': 'user' }, user / 1e6),
    reading('cpu', { 'cpu.mode': 'system' }, system / 1e6),
    reading('uptime', {}, process.uptime()),
    reading('memory', { kind: 'process' }, process.memoryUsage.rss()),
    reading('memory', { kind: 'heap' }, heap),
    reading('memoryLimit', { kind: 'process' }, memoryLimit()),
    reading('memoryLimit', { kind: 'heap' }, heapLimit),
  ];
}

/** Of the container where it has one; of the machine otherwise. */
function memoryLimit(): number {
  const own = process.constrainedMemory();
  return own > 0 && own < totalmem() ? own : totalmem();
}
