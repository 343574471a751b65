/** Functions for operators: they find and end sessions of any user, answer data-protection requests, and check the store. */

export type { ByOptions } from "../options/by.ts";
export { type CheckOptions, checkManager, type ManagerCheck } from "./check-manager.ts";
export type { DateRange, SessionFilter } from "./filter.ts";
export { type RevokeWhereOptions, revokeAllBefore, revokeWhere } from "./revoke-sessions.ts";
export { countSessions, type ScannedPage, type ScanOptions, scanSessions } from "./scan-sessions.ts";
export {
  type EraseUserOptions,
  type ExportedSession,
  type ExportUserOptions,
  eraseUser,
  exportUser,
  forgetAddresses,
  type UserErasure,
  type UserExport,
  type UserTrail,
} from "./user-data.ts";
