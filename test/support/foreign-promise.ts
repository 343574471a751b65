/** Has the methods of promises, and is not in the chain of this realm's `Promise`. */
const OTHER_PROTOTYPE = Object.defineProperties({}, Object.getOwnPropertyDescriptors(Promise.prototype));

/** Makes a promise that is no instance of this realm's `Promise`, as those of other realms and of zone.js are. */
export function toForeignPromise<Value>(promise: Promise<Value>): Promise<Value> {
  return Object.setPrototypeOf(promise, OTHER_PROTOTYPE);
}
