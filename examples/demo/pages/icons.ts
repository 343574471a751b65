import type { DeviceKind } from "../clients.ts";
import { type Html, html } from "./html.ts";

const SHAPES: Readonly<Record<DeviceKind | "list" | "leave" | "lock", Html>> = {
  desktop: html`<rect x="4.5" y="5" width="15" height="10.5" rx="1.75"/><path d="M2.5 18.75h19"/>`,
  phone: html`<rect x="7" y="2.75" width="10" height="18.5" rx="2.25"/><path d="M11 18.25h2"/>`,
  tablet: html`<rect x="4.75" y="3" width="14.5" height="18" rx="2.25"/><path d="M11 18h2"/>`,
  unknown: html`<circle cx="12" cy="12" r="8.75"/><path d="M9.75 9.5a2.3 2.3 0 1 1 3.4 2c-.75.4-1.15.95-1.15 1.75v.25M12 16.5v.01"/>`,
  list: html`<path d="M9 6h11M9 12h11M9 18h11M4.5 6v.01M4.5 12v.01M4.5 18v.01"/>`,
  leave: html`<path d="M14 4.5H7A1.5 1.5 0 0 0 5.5 6v12A1.5 1.5 0 0 0 7 19.5h7M10.5 12H20M16.5 8.5 20 12l-3.5 3.5"/>`,
  lock: html`<rect x="5" y="10.5" width="14" height="9.5" rx="2"/><path d="M8.25 10.5V8a3.75 3.75 0 0 1 7.5 0v2.5"/>`,
};

/** Renders an icon. It is decoration: the text beside it says the same. */
export function renderIcon(name: keyof typeof SHAPES): Html {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${SHAPES[name]}</svg>`;
}
