/**
 * What the user interface sees of the app, and what it may ask for. `ui` renders an AppState and calls Actions;
 * it never touches `protocol` or `media`. The reducers in this folder are the only ones that make a new AppState.
 */

import type { DeviceKind, Devices, LinkState, TimelineEntry } from '../media/port';
import type { Api, ApiFault } from '../protocol/api';
import type { Account, ServiceInfo } from '../protocol/identity';
import type { DoorChange } from '../protocol/messages';

/** The pages of src/ui/account, src/ui/rooms and src/ui/admin; their address is their name. */
export type AccountPage =
  | 'signin'
  | 'signup'
  | 'confirm'
  | 'forgot'
  | 'reset'
  | 'email'
  | 'invite'
  | 'setup'
  | 'account'
  | 'rooms'
  | 'admin';
export type Page = 'home' | 'prejoin' | 'waiting' | 'call' | 'ended' | AccountPage;

export type {
  DeviceChoice,
  DeviceKind,
  DeviceProblem,
  DeviceState,
  Devices,
  LinkState,
  TimelineEntry,
} from '../media/port';
export type { Answer, Api, ApiFault } from '../protocol/api';
export type { Account, ServiceInfo } from '../protocol/identity';

/** The WebSocket. */
export type SignalState = 'connecting' | 'open' | 'reconnecting' | 'replaced' | 'signed_out' | 'failed';

export interface PeerState {
  readonly participant: string;
  readonly name: string;
  readonly host: boolean;
  /** The room is theirs. */
  readonly owner: boolean;
  /** Behind the name is an account. */
  readonly signedIn: boolean;
  /** Signalling lost them; media may go on. */
  readonly away: boolean;
  /** Their page has said that it closes: they reload, or have left. */
  readonly closing: boolean;
  readonly audio: boolean;
  readonly video: boolean;
  readonly link: LinkState;
  /** A frame of theirs has been shown. */
  readonly hasVideo: boolean;
  /** Changes whenever Actions.peerStream() would give another stream. */
  readonly streamVersion: number;
}

export interface Knock {
  readonly participant: string;
  readonly name: string;
}

/** Why a call is over or could not begin. */
export type EndReason =
  | 'left'
  | 'refused'
  | 'knock-timeout'
  | 'room-unknown'
  | 'room-full'
  | 'too-many-waiting'
  | 'knocked-often'
  | 'replaced'
  | 'removed'
  | 'ended' // by ourselves
  | 'ended-by-host'
  | 'ended-by-admin'
  | 'room-deleted'
  | 'signed-out'
  | 'server-full'
  | 'error';

/** What the server has said of the way in. */
export interface DoorState {
  /** `password`: one is asked for; `members`: for people with an account; `later`: asked too often. */
  readonly state: 'asking' | 'open' | 'password' | 'members' | 'locked' | 'later';
  /** It is being asked again. */
  readonly busy?: boolean;
  /** What is wrong with the password, or how long `later` is. */
  readonly fault?: ApiFault;
}

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly kind: 'info' | 'warning';
}

export interface AppState {
  readonly page: Page;
  /** Canonical room id (xxxxx-xxxxx-xxxxx-xxxxx), or ''. */
  readonly room: string;
  /** Absolute link to the room, or ''. */
  readonly link: string;
  /** The name that its owner gave the room, or ''. */
  readonly roomName: string;
  /** The room has an owner. */
  readonly lasting: boolean;
  /** And that is us. */
  readonly owner: boolean;
  /** Nobody comes in any more. */
  readonly locked: boolean;
  readonly door: DoorState;
  readonly name: string;
  readonly devices: Devices;
  readonly signal: SignalState;
  /** The join has been sent and not yet answered. */
  readonly joining: boolean;
  /** On the waiting page: we were in the call, and have to be let in again. */
  readonly readmission: boolean;
  /** I am the host. */
  readonly host: boolean;
  /** The room asks newcomers to knock. */
  readonly knock: boolean;
  readonly peers: readonly PeerState[];
  readonly knocks: readonly Knock[];
  readonly ended?: EndReason;
  /** Short messages for the live region; the newest last, at most 3. */
  readonly notices: readonly Notice[];
  /** On home: what was wrong with the code or with making a room. */
  readonly homeError?: string;
  /** Name field error on pre-join. */
  readonly nameError?: string;
  /** Creating a room is under way. */
  readonly creating: boolean;
  /** Who is signed in; null: nobody; undefined: the server has not said. */
  readonly account: Account | null | undefined;
  /** The server was asked who is signed in and could not say. */
  readonly accountUnknown: boolean;
  /** What the service offers; undefined: it has not said. */
  readonly service: ServiceInfo | undefined;
  /** On the pages of mailed links: the token that the link had, or ''. */
  readonly token: string;
}

/** For the host, and for the owner, host or not. */
export interface HostActions {
  admit(participant: string): void;
  refuse(participant: string): void;
  /** Out of the call, for good: they have to knock again. */
  remove(participant: string): void;
  makeHost(participant: string): void;
  /** The owner becomes host again. */
  takeHost(): void;
  change(door: DoorChange): void;
  /** For everybody. */
  end(): void;
}

export interface Actions {
  /** Make a room and go to its pre-join page. */
  startCall(): void;
  /** Go to the room of a link or code as typed; sets homeError if it is neither. */
  openRoom(text: string): void;
  goHome(): void;
  setName(name: string): void;
  /**
   * Switch camera or microphone on or off. Off stops the track and the light goes out; in a call the microphone is
   * silenced at once but stays open, so that unmuting loses no syllable.
   */
  setDevice(kind: DeviceKind, on: boolean): void;
  chooseDevice(kind: DeviceKind | 'speaker', deviceId: string): void;
  /** @password: where the door asks for one. */
  join(password?: string): void;
  /** Ask again what the door is like. */
  askDoor(): void;
  leave(): void;
  readonly hosting: HostActions;
  /** Put the link on the clipboard; a notice says whether it worked. */
  copyLink(): void;
  /** After `ended`: back to pre-join of the same room. */
  rejoin(): void;
  dismissNotice(id: number): void;
  localStream(): MediaStream | null;
  peerStream(participant: string): MediaStream | null;
  /** Microphone level 0..1, for the meter; cheap enough for every animation frame. */
  micLevel(): number;
  /** The video element tells that it has shown a frame of this peer. */
  frameShown(participant: string): void;
  timeline(): readonly TimelineEntry[];
  /** To another page of ours, by its path: `/signin`, `/account`, … */
  go(path: string): void;
  /** To the sign-in page, and to `next` from there. */
  signInFirst(next: string): void;
  signOut(): void;
  /** A form has signed the person in. */
  signedIn(account: Account): void;
  /** The account has become another: its name, for example. */
  accountChanged(account: Account): void;
  /** The account is gone: deleted by the person. */
  accountDeleted(): void;
  /** A short word for everybody to see and hear. */
  say(text: string): void;
  /** Put a text on the clipboard, and say `copied` if it worked. */
  copy(text: string, copied: string): void;
  /** Ask again who is signed in. */
  askAccount(): void;
  /** For the functions of `state` and `protocol` that make requests. */
  readonly api: Api;
  /** Candidate pair and codec of a peer, for the debug panel. */
  peerStats(participant: string): Promise<Readonly<Record<string, string>>>;
}
