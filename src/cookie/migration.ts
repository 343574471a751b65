import { getCookieName, type RecordData } from "../rules/record.ts";

/**
 * Returns the data of a session that moves to the current cookie. `sentAs` tells cookies of the same name apart. Returns
 * the same object if nothing changes.
 */
export function moveToCurrentCookie(data: RecordData, base: string, sentAs: string | undefined): RecordData {
  if (getCookieName(data) === base && (sentAs === undefined || data.sentAs === sentAs)) return data;
  return { ...data, cookie: base, ...(sentAs !== undefined && { sentAs }) };
}
