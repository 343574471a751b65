/** A response of `node:http`, as far as it is used here. */
export interface HoldableResponse {
  readonly headersSent: boolean;
  readonly writableNeedDrain: boolean;
  statusCode: number;
  statusMessage: string;
  getHeader(name: string): number | string | readonly string[] | undefined;
  getHeaderNames(): string[];
  setHeader(name: string, value: number | string | readonly string[]): unknown;
  removeHeader(name: string): void;
  writeHead: (...given: never[]) => unknown;
  write: (...given: never[]) => unknown;
  end: (...given: never[]) => unknown;
  flushHeaders: (...given: never[]) => unknown;
  emit(event: "drain"): boolean;
}

/** The methods that send a part of the response. */
const OUTPUTS = ["writeHead", "write", "end", "flushHeaders"] as const;
type Output = (typeof OUTPUTS)[number];

/** The status and the headers of a response before they are sent. */
interface Head {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly headers: ReadonlyMap<string, number | string | readonly string[]>;
}

/**
 * Runs `prepare` before the first byte of a response leaves, and once more before the response ends. Holds the response back
 * while `prepare` is running.
 *
 * If `prepare` rejects before the headers were sent, drops the held response, restores the head that the response had at this
 * call, and calls `fail`, which may respond. After the headers were sent, only calls `fail`.
 */
export function holdResponse(
  response: HoldableResponse,
  /** Returns `undefined` if there is nothing to wait for. */
  prepare: () => Promise<void> | undefined,
  fail: (error: unknown) => void,
): void {
  const initial = readHead(response);
  let held: Array<() => unknown> | undefined;
  let hasEnded = false;
  let isFull = false;
  /** Whether the calls come from a held or a finished call, so that they have been prepared. */
  let isPassing = false;

  function pass(run: () => unknown): unknown {
    const outer = isPassing;
    isPassing = true;
    try {
      return run();
    } finally {
      isPassing = outer;
    }
  }

  function receive(output: Output, send: () => unknown, sendAgain: () => unknown): unknown {
    if (isPassing) return send();
    if (!held) {
      const isFinal = output === "end" || !response.headersSent;
      const preparing = isFinal ? prepare() : undefined;
      if (!preparing) return pass(send);
      const head = readHead(response);
      held = [];
      preparing.then(() => release(head), reject);
    }
    hold(output, output === "writeHead" ? sendAgain : send);
    return output === "write" ? false : response;
  }

  function hold(output: Output, send: () => unknown): void {
    // Node rejects a second head, and any output after the end. The response that was there first is the one to send.
    const isLate = hasEnded || (output === "writeHead" && held?.length !== 0);
    if (!isLate) held?.push(send);
    hasEnded ||= output === "end";
    isFull ||= output === "write";
  }

  function release(head: Head): void {
    const calls = held ?? [];
    held = undefined;
    try {
      // Headers that the handler set after its response are not part of it.
      if (!response.headersSent) restoreHead(response, head);
      pass(() => {
        for (const send of calls) send();
      });
    } catch (error) {
      reject(error);
      return;
    }
    // Streams wait for this event since `write` returned false.
    if (isFull && !response.writableNeedDrain) response.emit("drain");
    isFull = false;
  }

  function reject(error: unknown): void {
    held = undefined;
    isPassing = true;
    if (!response.headersSent) restoreHead(response, initial);
    fail(error);
  }

  for (const output of OUTPUTS) {
    const original = response[output];
    response[output] = (...given) =>
      receive(
        output,
        () => Reflect.apply(original, response, given),
        // The whole chain again: a cookie that `prepare` has set is restored by a wrapper that is newer than this one.
        () => response[output](...given),
      );
  }
}

function readHead(response: HoldableResponse): Head {
  const { statusCode, statusMessage } = response;
  const headers = new Map(
    response.getHeaderNames().map((name) => [name, response.getHeader(name) ?? ""] as const),
  );
  return { statusCode, statusMessage, headers };
}

function restoreHead(response: HoldableResponse, { statusCode, statusMessage, headers }: Head): void {
  response.statusCode = statusCode;
  response.statusMessage = statusMessage;
  for (const name of response.getHeaderNames()) if (!headers.has(name)) response.removeHeader(name);
  // Another assignment would change the case of the name.
  for (const [name, value] of headers)
    if (response.getHeader(name) !== value) response.setHeader(name, value);
}
