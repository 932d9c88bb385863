/** Everything that can change the state. */
import type { Devices, LinkState } from '../media/port';
import type { Entered } from '../protocol/enter';
import type { ServerMessage, ServerMessageOf } from '../protocol/messages';
import type {
  Account,
  AccountPage,
  AppState,
  DoorState,
  EndReason,
  Notice,
  ServiceInfo,
  SignalState,
} from './types';

/** The messages that change what is seen; the others are the controller's business. */
export type RoomMessage = Exclude<
  ServerMessage,
  ServerMessageOf<
    | 'welcome'
    | 'joined'
    | 'refused'
    | 'removed'
    | 'ended'
    | 'signal'
    | 'ice'
    | 'ice.restart'
    | 'pong'
    | 'error'
    | 'left'
    | 'ticket'
  >
>;

/** Those of reduce_identity.ts. */
export type IdentityEvent =
  | { readonly type: 'account'; readonly account: Account | null }
  | { readonly type: 'account-unknown' }
  | { readonly type: 'service'; readonly service: ServiceInfo }
  | { readonly type: 'account-page'; readonly page: AccountPage; readonly token: string };

export type AppEvent =
  | IdentityEvent
  | { readonly type: 'home' }
  | { readonly type: 'room'; readonly room: string; readonly link: string }
  | { readonly type: 'creating'; readonly on: boolean }
  | { readonly type: 'home-error'; readonly text: string }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'name-error'; readonly text: string }
  | { readonly type: 'devices'; readonly devices: Devices }
  | { readonly type: 'signal'; readonly signal: SignalState }
  | { readonly type: 'joining'; readonly on: boolean }
  | { readonly type: 'door'; readonly door: DoorState }
  | { readonly type: 'entered'; readonly entered: Entered }
  /** Back before the door. */
  | { readonly type: 'turned-away' }
  | {
      readonly type: 'joined';
      readonly message: ServerMessageOf<'joined'>;
      /** Peers that are not listed but whose media goes on: they will come back after a server restart. */
      readonly keep: readonly string[];
    }
  | { readonly type: 'server'; readonly message: RoomMessage }
  | { readonly type: 'peer-lost'; readonly participant: string }
  | { readonly type: 'knock-gone'; readonly participant: string }
  | { readonly type: 'link'; readonly participant: string; readonly link: LinkState }
  | { readonly type: 'stream'; readonly participant: string }
  | { readonly type: 'frame'; readonly participant: string }
  | { readonly type: 'ended'; readonly reason: EndReason }
  | { readonly type: 'notice'; readonly text: string; readonly kind: Notice['kind'] }
  | { readonly type: 'dismiss'; readonly id: number };

export interface Store {
  readonly state: AppState & { readonly self: string };
  dispatch(event: AppEvent): void;
}
