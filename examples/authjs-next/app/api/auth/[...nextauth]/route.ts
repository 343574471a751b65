import { handlers } from "../../../../auth";
import { sessions } from "../../../../lib/sessions";

export const GET = sessions.public(handlers.GET);
export const POST = sessions.public(handlers.POST);
