// The classic layout: one client, one outstanding call. Two regions of one lease, with the same header; all numbers
// little-endian. grafOS documents the request; the response's header is ours, made the same.
//
//     offset  size  field
//          0     8  request id      strictly increasing; its high 20 bits are the client's session
//          8     4  method id
//         12     1  status
//         13     4  payload bytes   (unaligned)
//         17     n  payload         n is at most 32751
//      32768  …     the response, likewise
//
// Who may write: the client owns both regions from the moment it takes a response (or attaches) until it publishes a
// request; the server owns them from then until it publishes the response.

/** What a region holds. */
export const status = {
  empty: 0,
  requestReady: 1,
  processing: 2,
  responseReady: 3,
  error: 4,
} as const;

export const requestOffset = 0;
export const responseOffset = 32768;
export const headerBytes = 17;

export const idLowAt = 0;
export const idHighAt = 4;
export const methodAt = 8;
export const statusAt = 12;
export const lengthAt = 13;
export const payloadAt: number = headerBytes;

/** Where the statuses are in the lease, and its word where the response begins. */
export const requestStatusAt: number = requestOffset + statusAt;
export const responseStatusAt: number = responseOffset + statusAt;
export const responseWord: number = responseOffset / 4;

/** The longest payload, either way: 32751 bytes. */
export const payloadBytesMax: number = responseOffset - headerBytes;
/** The smallest lease that holds both regions. */
export const arenaBytesMin: number = 2 * responseOffset;

/** The session's part of a request id's high word, and where it begins: 20 bits of session, 44 bits of sequence. */
export const sessionShift = 12;
