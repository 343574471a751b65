import type { EndedEvent, StoreListener } from "sessionup";

/** A listener that remembers its calls. */
export class HeardEvents implements StoreListener {
  readonly states: boolean[] = [];
  readonly events: EndedEvent[] = [];
  /** The ids of ended and of changed sessions, in the order of the calls. */
  readonly ids: string[] = [];

  ended(event: EndedEvent): void {
    this.events.push(event);
    this.ids.push(...event.ids);
  }

  changed({ id }: { readonly id: string }): void {
    this.ids.push(id);
  }

  status(up: boolean): void {
    this.states.push(up);
  }
}
