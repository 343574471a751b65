import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { onTestFinished } from "vitest";

/** Returns the messages of a diagnostics channel from now until the end of the test. */
export function hearMessages<Message>(channel: string): readonly Message[] {
  const heard: Message[] = [];
  const hear = (message: unknown) => void heard.push(message as Message);
  subscribe(channel, hear);
  onTestFinished(() => void unsubscribe(channel, hear));
  return heard;
}
