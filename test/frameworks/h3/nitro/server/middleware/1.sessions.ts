import { sessions } from "../utils/sessions.ts";

export default sessions.public();
