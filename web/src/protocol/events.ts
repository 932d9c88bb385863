/** What the client tells its owner. */
import type { ClientMessage, ServerMessage, Welcome } from './messages';

/**
 * - `replaced`: another page has this session now.
 * - `signed_out`: the account that the session belonged to has been signed out; nothing of it is left. restart()
 *   begins again as whoever one is then.
 */
export type ClientState = 'connecting' | 'open' | 'reconnecting' | 'replaced' | 'signed_out' | 'failed';

/**
 * - `new`: our first session.
 * - `resumed`: the session goes on; what was not confirmed is sent again.
 * - `lost`: the server does not know the session any more. What was sent in it is forgotten; start over.
 */
export type WelcomeKind = 'new' | 'resumed' | 'lost';

export interface ClientEvents {
  state(state: ClientState): void;
  welcome(message: Welcome, kind: WelcomeKind): void;
  /** @answered: our message that this one answers, where it is known. */
  message(message: ServerMessage, answered: ClientMessage | undefined): void;
  /** Something worth a line in the console: the other side, or we, broke the protocol. */
  fault(why: string): void;
}

export interface Credentials {
  readonly session: string;
  readonly token: string;
}
