/**
 * Returns the path of a program. Installs a missing program from Debian: as root into the system, or from a newer suite into
 * a separate folder. Throws an error that says what to install when neither is possible.
 */
export function programPath(
  program: "Chromium" | "Redis" | "Valkey" | "PostgreSQL" | "PgBouncer" | "MariaDB" | "MySQL",
): Promise<string>;
