/** What Next.js leaves out of a build that only a test runs, and only once. */
const quick = {
  turbopackFileSystemCacheForBuild: false,
  turbopackMinify: false,
  turbopackSourceMaps: false,
};

/** @type {import("next").NextConfig} */
export default {
  // Turbopack does not follow links out of its root.
  turbopack: { root: import.meta.dirname },
  // The contract tests how the routes answer a path with an extra trailing slash.
  skipTrailingSlashRedirect: true,
  experimental: { authInterrupts: true, useCache: true, ...quick },
};
