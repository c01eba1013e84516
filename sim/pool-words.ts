// What the two ends of a pool's link say through the control connection: u32 words, the first of which says what.
import { invariant, MalformedFrame } from '#bridge';

export const poolWords = {
  /** To the home: the number of the holder's end. Its answer: that of its own, the channel's place, and a list of uses. */
  hello: 1,
  /** To the home: a binding, or 0 for the channel, which the holder is about to reach. It does once the home has agreed. */
  open: 2,
  /** To the home: a binding, which the holder's host reaches no more. */
  confirm: 3,
  /** To the home: numbers of uses that were asked about, and that the holder's host reaches no more. */
  cleaned: 4,
} as const;

export function encodeWords(words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** Throws MalformedFrame for what is no words, or fewer than `least`. */
export function decodeWords(body: Uint8Array | null, least: number): number[] {
  if (body === null || body.length % 4 !== 0 || body.length < 4 * least) {
    throw new MalformedFrame(`the pool was told ${body?.length ?? 'no'} bytes, not ${least} words`);
  }
  const words = [...new Uint32Array(body.slice().buffer)];
  invariant(words.length >= least, 'words were counted');
  return words;
}
