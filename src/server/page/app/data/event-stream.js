/**
 * Reads events of `text/event-stream`: with `fetch`, unlike `EventSource`, the token goes into a header and never into an address.
 *
 * @param {ReadableStream<Uint8Array>} body
 * @param {() => void} heard told of whatever comes, comments too
 * @returns {AsyncGenerator<{ event: string, data: string, id: string | undefined }>}
 */
export async function* readEvents(body, heard) {
  let rest = '';
  let [event, data] = ['message', /** @type {string[]} */ ([])];
  /** @type {string | undefined} */
  let id;
  const reader = body.getReader();
  const letters = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const lines = (rest + letters.decode(value, { stream: true })).split(/\r\n|\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [, field, text = ''] = /^([a-z]*):? ?(.*)$/s.exec(line) ?? [];
        if (line === '') {
          if (data.length > 0) yield { event, data: data.join('\n'), id };
          [event, data] = ['message', []];
        } else if (field === 'event') event = text;
        else if (field === 'data') data.push(text);
        else if (field === 'id') id = text;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
