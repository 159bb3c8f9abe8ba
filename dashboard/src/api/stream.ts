// Server-sent events of an answer: by fetch, because EventSource sends no headers.

export interface ServerEvent {
  event: string;
  data: unknown;
}

/** Gives each event of `response` as it comes. Ends when the answer ends; an abort of its request throws. */
export async function* serverEvents(response: Response): AsyncGenerator<ServerEvent> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += value;
      const blocks = rest.split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = read(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function read(block: string): ServerEvent | undefined {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
  }
  // A comment keeps the line open and says nothing.
  if (data.length === 0) return undefined;
  return { event, data: JSON.parse(data.join('\n')) };
}
