/** Stands for the app's outgoing mail: the last code that was sent to each address. */
export const sent: Map<string, string> = new Map();

export async function sendCode(address: string, code: string): Promise<void> {
  sent.set(address, code);
  console.log(`The code for ${address} is ${code}.`);
}
