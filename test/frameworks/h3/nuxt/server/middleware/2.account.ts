import { sessionRoutes } from "sessionup/routes";
import { sessions } from "../utils/sessions.ts";

export default sessionRoutes(sessions, { path: "/account" });
