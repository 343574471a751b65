import { defineCachedHandler } from "nitro/cache";

let made = 0;

/** The same for everybody, whoever asked first. */
export default defineCachedHandler(() => `made ${++made} times`, { maxAge: 60 });
