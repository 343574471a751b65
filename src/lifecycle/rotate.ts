import { createNextSecret, hashText } from "../cookie/token.ts";
import type { Exchange } from "../exchange.ts";
import type { RecordData } from "../rules/record.ts";
import {
  addPendingAfterProof,
  confirmPendingSecret,
  isPending,
  replaceSecret,
  type SecretMatch,
} from "../rules/rotation.ts";
import { recordProof, type StepUpProof, withStepUpState } from "../rules/step-up.ts";
import type { SessionId } from "../session.ts";
import { getStepUpState, type LiveSession, toLiveSession } from "./auth-result.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Replaces the secret and sends the new one. With a proof, also records that the user has just given it. @internal */
export async function rotateSession<Out>(
  lifecycle: Lifecycle<unknown, Out>,
  exchange: Exchange,
  before: LiveSession<Out>,
  proof?: StepUpProof,
): Promise<LiveSession<Out>> {
  const { options, repository, cookie, metadata, events } = lifecycle;
  cookie.assertWritable(exchange);
  const secret = createNextSecret(before.token.secret, options.generateSecret);
  const hash = hashText(secret);
  const after = await repository.change(
    before,
    before.token,
    (data, match) => rotateData(data, match, hash, proof, options.clock()),
    proof ? `elevated ${proof.level}` : "rotated",
  );
  const { record, data } = after;
  const meta = await metadata.read(data.meta);
  const now = options.clock();
  const match = data.secret === hash ? "current" : data.pending?.find((each) => each.hash === hash);
  if (!match) return toLiveSession(lifecycle, before.token, after, meta, before.held, now);
  const id = record.id as SessionId;
  cookie.send(exchange, { id, secret }, now, record);
  events.emit("rotated", {
    id,
    userKey: record.userKey,
    at: now,
    ...(proof ? { cause: "reauthenticate", level: proof.level } : { cause: "rotate" }),
  });
  return toLiveSession(lifecycle, { id, secret }, { ...after, match }, meta, before.held, now);
}

/** Returns the data with the new secret, or the same data when this holder may not receive one. */
function rotateData(
  data: RecordData,
  match: SecretMatch,
  hash: string,
  proof: StepUpProof | undefined,
  now: number,
): RecordData {
  const confirmed = isPending(match) ? confirmPendingSecret(data, match, now) : data;
  if (match === "current" || confirmed !== data) {
    const rotated = replaceSecret(confirmed, hash, now);
    return proof ? withStepUpState(rotated, recordProof(confirmed, proof, now)) : rotated;
  }
  // The holder of a retired secret gets a new one only for a proof: the response with the last one may be lost.
  if (!proof) return data;
  const stepUp = recordProof(getStepUpState({ data, match }), proof, now);
  return addPendingAfterProof(data, hash, stepUp, now) ?? data;
}
