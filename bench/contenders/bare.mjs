/** The handler alone: it knows nobody, and gives every request the same answer. What the others cost is counted from here. */

export const NOBODY = "user-0000";

/** @type {import("./contender.d.ts").MakeContender} */
export const node = () => ({
  userKey: () => NOBODY,
  login(_request, response) {
    // A cookie as long as the others', so that the server's parser has the same to read.
    response.setHeader("set-cookie", `__Host-somebody=${"a".repeat(22)}.${"b".repeat(65)}; Path=/`);
  },
});

export const express = node;
