/** @type {import("next").NextConfig} */
export default {
  // The lockfiles above are of other packages.
  outputFileTracingRoot: import.meta.dirname,
  // The contract wants to see what the routes answer to a path with a slash too many.
  skipTrailingSlashRedirect: true,
};
