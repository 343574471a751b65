import { sessions } from "../../../../lib/sessions";

// In place of the sign-out of Auth.js, which does not know the session.
export const POST = sessions.public(async (request) => {
  await sessions.revoke();
  return Response.redirect(new URL("/", request.url), 303);
});
