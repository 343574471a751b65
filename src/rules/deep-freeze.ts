/** Freezes JSON to its depths. A frozen value, such as what a memory store keeps, is frozen to its depths already. @internal */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
