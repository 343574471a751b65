/** @type {import("next").NextConfig} */
export default {
  // The lockfiles in the folders above belong to other packages.
  outputFileTracingRoot: import.meta.dirname,
  // The contract tests how the routes answer a path with an extra trailing slash.
  skipTrailingSlashRedirect: true,
};
