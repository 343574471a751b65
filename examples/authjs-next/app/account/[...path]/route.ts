import { sessionRoutes } from "sessionup/routes";
import { sessions } from "../../../lib/sessions";

export const { GET, HEAD, POST, DELETE } = sessionRoutes(sessions, { path: "/account" });
