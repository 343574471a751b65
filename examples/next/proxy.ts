import { NextResponse } from "next/server";
import { fetchSessions } from "sessionup/fetch";
import { manager } from "./lib/sessions";

// Clears the cookie of an ended session. Pages cannot set cookies.
export const proxy = fetchSessions(manager).public(() => NextResponse.next());

export const config = { matcher: ["/", "/devices"] };
