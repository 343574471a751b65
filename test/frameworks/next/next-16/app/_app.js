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

/** Returns the behaviour that the running test provides; the test runs in the same process. */
export function app() {
  return globalThis[Symbol.for("sessionup.next-app")](NEXT);
}
