import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";

/** The headers that a browser sends with every request. Used over HTTP and in process. */
export const HEADERS = {
  host: "localhost",
  "user-agent":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "accept-language": "en-GB,en;q=0.9,de;q=0.8",
  "accept-encoding": "gzip, deflate, br, zstd",
};

/** Returns the cookies that a browser keeps from Set-Cookie lines: the last of each name, without cleared ones. */
export function cookiesOf(/** @type {unknown} */ setCookie) {
  /** @type {Map<string, string>} */
  const kept = new Map();
  for (const line of [setCookie ?? []].flat().map(String)) {
    const cookie = line.split(";", 1)[0] ?? "";
    const name = cookie.slice(0, cookie.indexOf("="));
    if (cookie === `${name}=` || /max-age=0\b/i.test(line)) kept.delete(name);
    else kept.set(name, cookie);
  }
  return [...kept.values()];
}

/** Returns the Cookie header of a logged-in browser, with an unrelated cookie on either side. */
export function cookieHeader(/** @type {readonly string[]} */ cookies) {
  const header = ["_ga=GA1.1.1620043574.1763900000", ...cookies, "theme=dark"].join("; ");
  // One flat string, as Node's parser makes it: a string that was joined from several is slower to read.
  return Buffer.from(header, "latin1").toString("latin1");
}

const socket = new Socket();

/**
 * Creates a request and its response from Node's own classes, without a connection, so that the response stays in a buffer. The
 * headers are already parsed; in a server, the first code that reads them pays for parsing. `onEnd` is called when the response
 * really ends, after everything that a middleware runs before.
 */
export function makeExchange(/** @type {string | undefined} */ cookie, url = "/") {
  const request = new IncomingMessage(socket);
  request.method = "GET";
  request.url = url;
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  const headers = Object.entries(cookie === undefined ? HEADERS : { ...HEADERS, cookie }).flat();
  // Node's parser calls this method. There is no public way to set the headers of a request.
  request._addHeaderLines(headers, headers.length);
  if (request.headers.cookie !== cookie)
    throw new Error("the request did not keep the headers that were set");
  const response = new ServerResponse(request);
  const exchange = { request, response, body: "", onEnd() {} };
  const keep = (/** @type {unknown} */ chunk) => {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) exchange.body += String(chunk);
  };
  response.write = (...args) => {
    keep(args[0]);
    return ServerResponse.prototype.write.apply(response, args);
  };
  response.end = (...args) => {
    keep(args[0]);
    const result = ServerResponse.prototype.end.apply(response, args);
    exchange.onEnd();
    return result;
  };
  return exchange;
}
