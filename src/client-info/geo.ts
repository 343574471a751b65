import type { Json } from "../store.ts";

/** So many characters of JSON: what is kept with every session is no place for a whole database's answer. */
const LONGEST = 1_024;

/** Tells where an address is, by whatever the app looks it up in. */
export type Geo = (ip: string) => Json | undefined | Promise<Json | undefined>;

/** What the app's function says of an address, as JSON. `onError` hears of one that fails or says too much. */
export async function lookUpPlace(
  geo: Geo,
  ip: string,
  onError: (error: unknown) => void,
): Promise<Json | undefined> {
  try {
    const text: string | undefined = JSON.stringify(await geo(ip));
    if (text === undefined) return undefined;
    if (text.length > LONGEST)
      throw new TypeError(`client.geo: returns at most ${LONGEST} characters of JSON`);
    return JSON.parse(text) as Json;
  } catch (error) {
    onError(error);
    return undefined;
  }
}
