import { CLAIM_PREFIX, type TimeRange } from "../../store.ts";
import { COLUMNS } from "../shared/rows.ts";
import { raw, type Sql, sql } from "./sql.ts";

export const ALL_COLUMNS: Sql = raw(COLUMNS.join(", "));
export const NEWEST_FIRST: Sql = raw("created_at DESC, id DESC");
export const NOT_ENDED: Sql = raw("ended_at IS NULL");
export const ENDED: Sql = raw("ended_at IS NOT NULL");
/** Leaves out claims. */
export const NO_CLAIM: Sql = sql`LEFT(user_key, ${CLAIM_PREFIX.length}) <> ${CLAIM_PREFIX}`;

/** Returns the conditions of a range of times. */
export function whereWithin(column: string, { from, before }: TimeRange = {}): readonly Sql[] {
  return [
    ...(from === undefined ? [] : [sql`${raw(column)} >= ${from}`]),
    ...(before === undefined ? [] : [sql`${raw(column)} < ${before}`]),
  ];
}
