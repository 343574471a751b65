/** @type {import("next").NextConfig} */
export default {
  // Turbopack does not follow links out of its root.
  turbopack: { root: import.meta.dirname },
  // The contract tests how the routes answer a path with an extra trailing slash.
  skipTrailingSlashRedirect: true,
  experimental: { authInterrupts: true, useCache: true },
};
