import { defineCachedHandler } from "nitro/cache";

let made = 0;

/** Returns the same text to every client, because the first response is cached. */
export default defineCachedHandler(() => `made ${++made} times`, { maxAge: 60 });
