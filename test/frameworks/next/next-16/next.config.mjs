/** @type {import("next").NextConfig} */
export default {
  // Links do not lead out of it.
  turbopack: { root: import.meta.dirname },
  // The contract wants to see what the routes answer to a path with a slash too many.
  skipTrailingSlashRedirect: true,
  experimental: { authInterrupts: true, useCache: true },
};
