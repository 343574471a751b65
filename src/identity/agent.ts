import type { Agent } from "../session.ts";

export function labelAgent(
  _userAgent: string | undefined,
  _header?: (name: string) => string | undefined,
): Agent {
  return {};
}
