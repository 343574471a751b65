import { getCookieName, type RecordData } from "../rules/record.ts";

/**
 * The data of a session whose cookie is the one of now: its name, and how it is sent where a name alone does not tell.
 * The same data where nothing is to be written.
 */
export function moveToCurrentCookie(data: RecordData, base: string, sentAs: string | undefined): RecordData {
  if (getCookieName(data) === base && (sentAs === undefined || data.sentAs === sentAs)) return data;
  return { ...data, cookie: base, ...(sentAs !== undefined && { sentAs }) };
}
