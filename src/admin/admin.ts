/** What operators do: find sessions of any user, end them by criteria, answer data-protection requests, check the store. */

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
