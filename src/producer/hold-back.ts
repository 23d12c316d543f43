interface Held<T> {
  readonly due: number;
  readonly value: T;
}

/** Values waiting for their time: a binary heap, earliest first. */
export interface HoldBack<T> {
  readonly size: number;
  /** When the earliest is due; `Infinity` when nothing is held. */
  readonly due: number;
  hold(due: number, value: T): void;
  /** Takes the earliest out. */
  take(): T | undefined;
}

export function holdBack<T>(): HoldBack<T> {
  const heap: Held<T>[] = [];
  const at = (index: number) => heap[index] as Held<T>;
  const swap = (a: number, b: number) => {
    const held = at(a);
    heap[a] = at(b);
    heap[b] = held;
  };
  return {
    get size() {
      return heap.length;
    },
    get due() {
      return heap[0]?.due ?? Number.POSITIVE_INFINITY;
    },
    hold(due, value) {
      let child = heap.push({ due, value }) - 1;
      while (child > 0) {
        const parent = (child - 1) >> 1;
        if (at(parent).due <= due) return;
        swap(child, parent);
        child = parent;
      }
    },
    take() {
      const first = heap[0];
      const last = heap.pop();
      if (first === undefined || last === undefined || heap.length === 0) return first?.value;
      heap[0] = last;
      for (let parent = 0; ; ) {
        let child = 2 * parent + 1;
        if (child >= heap.length) return first.value;
        if (child + 1 < heap.length && at(child + 1).due < at(child).due) child++;
        if (last.due <= at(child).due) return first.value;
        swap(parent, child);
        parent = child;
      }
    },
  };
}
