/**
 * Where a program is. Installs Debian's package when there is none and it may, or brings it from a newer Debian into a
 * folder of its own; else throws, saying what to install.
 */
export function programPath(
  program: "Chromium" | "Redis" | "Valkey" | "PostgreSQL" | "PgBouncer" | "MariaDB" | "MySQL",
): Promise<string>;
