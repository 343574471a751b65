import type { AuditProblem, AuditReport } from "../../audit/verify.ts";
import type { Finding } from "../finding.ts";
import { formatCount } from "../wording.ts";
import { formatHead } from "./audit-heads.ts";

/** Returns the findings of a report, the problems last. */
export function toFindings({ entries, heads, follows, problems }: AuditReport): readonly Finding[] {
  return [
    { status: "ok", name: "entries", text: formatCount(entries, "entry", "entries") },
    ...heads.map((head): Finding => ({ status: "ok", name: "head", text: formatHead(head) })),
    ...follows.map(
      ({ chain, seq }): Finding => ({
        status: "warn",
        name: "follows",
        text: `The file continues an earlier one, which ends with entry ${seq} of chain ${chain}.`,
        fix: "Verify both together, the earlier one first.",
      }),
    ),
    ...problems.map(toFinding),
  ];
}

function toFinding({ problem, chain, seq, text }: AuditProblem): Finding {
  const place = problem === "unreadable" ? `line ${seq}` : `entry ${seq}`;
  const fix = problem === "unkeyed" ? { fix: "Set SESSIONUP_AUDIT_KEYS to every key of the trail." } : {};
  return {
    status: "fail",
    name: problem,
    text: `${chain ? `chain ${chain}, ` : ""}${place}: ${text}`,
    ...fix,
  };
}
