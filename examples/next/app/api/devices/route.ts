import { sessions } from "../../../lib/sessions";

export const GET = sessions.auth(async () => Response.json(await sessions.fetchAll()));
