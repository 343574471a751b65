import { app } from "../_app.js";

const handle = (request, context) => app().handle(request, context);

export { handle as DELETE, handle as GET, handle as HEAD, handle as POST };
