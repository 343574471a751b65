/** @type {import("next").NextConfig} */
export default {
  // The lockfiles in the folders above belong to other packages.
  outputFileTracingRoot: import.meta.dirname,
  // The contract tests how the routes answer a path with an extra trailing slash.
  skipTrailingSlashRedirect: true,
  // Only deployments without node_modules need traces. Finding them takes longer than the rest of the build.
  outputFileTracingExcludes: { "*": ["**"] },
  eslint: { ignoreDuringBuilds: true },
  webpack: (config) => ({
    ...config,
    cache: false,
    optimization: { ...config.optimization, minimize: false },
  }),
};
