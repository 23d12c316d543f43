/** What the page uses of the vendored modules; the import map of `app/index.html` leads to them. */

declare module 'preact' {
  export type Node = object;
  export type Component<P> = (props: P) => Node | null;
  export function h(type: unknown, props: unknown, ...children: unknown[]): Node;
  export function render(node: Node, into: Element): void;
}

declare module 'preact/hooks' {
  export function useEffect(effect: () => void | (() => void), inputs?: readonly unknown[]): void;
  export function useRef<T>(value: T | null): { current: T | null };
}

declare module '@preact/signals' {
  export interface ReadonlySignal<T> {
    readonly value: T;
    peek(): T;
  }
  export interface Signal<T> extends ReadonlySignal<T> {
    value: T;
  }
  export function signal<T>(value: T): Signal<T>;
  export function computed<T>(of: () => T): ReadonlySignal<T>;
  export function untracked<T>(of: () => T): T;
  export function effect(run: () => void | (() => void)): () => void;
  export function useSignal<T>(value: T): Signal<T>;
}

declare module 'htm' {
  const htm: {
    bind<Node>(
      h: (type: unknown, props: unknown, ...children: unknown[]) => Node,
    ): (strings: TemplateStringsArray, ...values: unknown[]) => Node;
  };
  export default htm;
}

declare module 'uplot' {
  export default class Plot {
    constructor(options: object, data: readonly (readonly (number | null)[])[], into: HTMLElement);
    static paths: { stepped(options: { align: 1 | -1 }): unknown };
    static tzDate(date: Date, zone: string): Date;
    readonly ctx: CanvasRenderingContext2D;
    readonly bbox: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
    readonly cursor: { readonly idx: number | null | undefined };
    setData(data: readonly (readonly (number | null)[])[]): void;
    setSize(size: { width: number; height: number }): void;
    valToPos(value: number, scale: string, canvas: boolean): number;
    redraw(paths?: boolean, axes?: boolean): void;
    destroy(): void;
  }
}
