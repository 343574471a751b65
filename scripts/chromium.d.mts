/** Where Chromium is. Installs Debian's package when there is none and it may; else throws, saying what to install. */
export function chromiumPath(): Promise<string>;
