/**
 * Creates a map of places by text in 256 parts, and returns the function that finds the part for a key. A `Map` that grows
 * is copied whole within one insert, and ends at 16 777 216 entries; parts grow one by one.
 *
 * @param hashed  how many of a key's last characters decide its part: few for random keys, all for keys that may end alike
 */
export function createSplitMap(hashed: number): (key: string) => Map<string, number> {
  const parts: Map<string, number>[] = [];
  return (key) => {
    let hash = 0;
    for (let index = Math.max(0, key.length - hashed); index < key.length; index++)
      hash = (31 * hash + key.charCodeAt(index)) | 0;
    const part = hash & 255;
    parts[part] ??= new Map();
    return parts[part];
  };
}
