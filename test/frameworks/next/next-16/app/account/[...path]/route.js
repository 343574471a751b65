import { app } from "../../_app.js";

export const GET = (request, context) => app().account.GET(request, context);
export const HEAD = (request, context) => app().account.HEAD(request, context);
export const POST = (request, context) => app().account.POST(request, context);
export const DELETE = (request, context) => app().account.DELETE(request, context);
