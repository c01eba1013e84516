// The door of the local plane, which needs the native addon; `#bridge` itself does not.
export { boundSilence } from './bounded-silence.ts';
export { LocalPlane } from './local-plane.ts';
export { UnixTransport } from './unix-transport.ts';
