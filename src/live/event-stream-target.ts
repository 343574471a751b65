/** The response of `node:http`, `node:https` or the compatibility API of `node:http2`, as far as it is used here. */
export interface EventStreamTarget {
  statusCode: number;
  readonly destroyed?: boolean;
  /** `undefined` when a client of HTTP/2 has disconnected. */
  readonly socket: unknown;
  setHeader(name: string, value: string): unknown;
  flushHeaders(): void;
  write(bytes: Uint8Array): boolean;
  end(): unknown;
  once(event: "close" | "drain", listener: () => void): unknown;
}

/** Writes a body to the response at the speed of the client. Cancels the body when the client disconnects. @internal */
export function pipeEvents(
  body: ReadableStream<Uint8Array>,
  response: EventStreamTarget,
  headers: Readonly<Record<string, string>>,
): void {
  const reader = body.getReader();
  const cancel = () => void reader.cancel();
  // No event `close` follows for a client that disconnected while the session was being loaded.
  if (response.destroyed || response.socket === undefined) {
    cancel();
    return;
  }
  response.once("close", cancel);
  response.statusCode = 200;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.flushHeaders();
  void copy(reader, response);
}

async function copy(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  response: EventStreamTarget,
): Promise<void> {
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    // Never settles after the client has disconnected, which cancels the reader.
    if (!response.write(read.value)) await new Promise<void>((resolve) => response.once("drain", resolve));
  }
  response.end();
}
