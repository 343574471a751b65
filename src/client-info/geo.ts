import type { Json } from "../store.ts";

/** In characters of JSON. Every session stores its place, so a database's whole entry would be too much. */
const MAX_LENGTH = 1_024;

/** Looks up the place of an IP address, for example in a GeoIP database of the app. */
export type Geo = (ip: string) => Json | undefined | Promise<Json | undefined>;

/** Returns the place of an address as JSON. If the app's function fails or returns too much, `onError` receives the error. */
export async function lookUpPlace(
  geo: Geo,
  ip: string,
  onError: (error: unknown) => void,
): Promise<Json | undefined> {
  try {
    const text: string | undefined = JSON.stringify(await geo(ip));
    if (text === undefined) return undefined;
    if (text.length > MAX_LENGTH)
      throw new TypeError(
        `client.geo must return at most ${MAX_LENGTH} characters of JSON. Received ${text.length}.`,
      );
    return JSON.parse(text) as Json;
  } catch (error) {
    onError(error);
    return undefined;
  }
}
