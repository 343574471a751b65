import { sessions } from "../../../lib/sessions";

export const { GET, HEAD, POST, DELETE } = sessions.routes({ path: "/account" });
