import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";

/** What a browser sends with every request; over HTTP as in process. */
export const HEADERS = {
  host: "localhost",
  "user-agent":
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "accept-language": "en-GB,en;q=0.9,de;q=0.8",
  "accept-encoding": "gzip, deflate, br, zstd",
};

/** The Cookie header after a login, with a cookie of others on either side. */
export function cookieHeader(/** @type {unknown} */ setCookie) {
  const [line] = Array.isArray(setCookie) ? setCookie : [setCookie];
  if (typeof line !== "string") throw new Error("the login set no cookie");
  const header = `_ga=GA1.1.1620043574.1763900000; ${line.slice(0, line.indexOf(";"))}; theme=dark`;
  // In one piece, as Node's parser makes it: a text that was joined from several is slower to read.
  return Buffer.from(header, "latin1").toString("latin1");
}

const socket = new Socket();

/**
 * A request and its response: Node's own classes, without a connection, so that what is sent stays in a buffer. The
 * headers are parsed already; in a server the first to look at them pays for that, whoever it is. `onEnd` is called
 * when the response really ends, after whatever a middleware hung before that.
 */
export function makeExchange(/** @type {string | undefined} */ cookie) {
  const request = new IncomingMessage(socket);
  request.method = "GET";
  request.url = "/";
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  const headers = Object.entries(cookie === undefined ? HEADERS : { ...HEADERS, cookie }).flat();
  // What Node's own parser calls; there is no public way to give a request its headers.
  request._addHeaderLines(headers, headers.length);
  if (request.headers.cookie !== cookie) throw new Error("the request has other headers than it was given");
  const response = new ServerResponse(request);
  const exchange = { request, response, onEnd() {} };
  response.end = (...args) => {
    const result = ServerResponse.prototype.end.apply(response, args);
    exchange.onEnd();
    return result;
  };
  return exchange;
}
