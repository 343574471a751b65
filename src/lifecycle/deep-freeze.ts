/** Freezes JSON to its depths. What is frozen already, such as what a store keeps in memory, is so all the way down. @internal */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
