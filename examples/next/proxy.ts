import { NextResponse } from "next/server";
import { fetchSessions } from "sessionup/fetch";
import { manager } from "./lib/sessions";

// Clears the cookie of a session that is over: no page can.
export const proxy = fetchSessions(manager).public(() => NextResponse.next());

export const config = { matcher: ["/", "/devices"] };
