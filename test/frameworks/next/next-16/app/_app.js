import { refresh } from "next/cache";
import { cookies, headers } from "next/headers";
import { forbidden, notFound, permanentRedirect, redirect, unauthorized } from "next/navigation";
import { after, NextResponse } from "next/server";

const NEXT = {
  cookies,
  headers,
  forbidden,
  notFound,
  permanentRedirect,
  redirect,
  refresh,
  unauthorized,
  after,
  NextResponse,
};

/** What the test in whose process this runs answers with; it is handed what is Next.js's. */
export function app() {
  return globalThis[Symbol.for("sessionup.next-app")](NEXT);
}
