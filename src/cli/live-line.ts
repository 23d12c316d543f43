/** A line of progress: written over itself on a terminal, repeated every few seconds elsewhere. */
export interface LiveLine {
  end(): void;
}

const TERMINAL_MS = 250;
const PLAIN_MS = 5_000;

/** Shows `text()` on stderr until {@link LiveLine.end}. */
export function liveLine(
  text: () => string,
  err: (line: string) => void,
  stream: NodeJS.WriteStream = process.stderr,
): LiveLine {
  const terminal = stream.isTTY;
  const show = (): void => {
    if (terminal) stream.write(`\r\u001b[K${text().slice(0, (stream.columns || 160) - 1)}`);
    else err(text());
  };
  const timer = setInterval(show, terminal ? TERMINAL_MS : PLAIN_MS);
  return {
    end() {
      clearInterval(timer);
      if (terminal) stream.write('\r\u001b[K');
    },
  };
}
