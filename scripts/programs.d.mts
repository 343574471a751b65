/** Where a program is. Installs Debian's package when there is none and it may; else throws, saying what to install. */
export function programPath(
  program: "Chromium" | "Redis" | "PostgreSQL" | "PgBouncer" | "MariaDB",
): Promise<string>;
