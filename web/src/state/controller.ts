/**
 * The actions of the user interface, and what the browser tells: addresses, devices, the page's coming and going.
 */
import type { DeviceKind, Devices, MediaPort, TimelineEntry } from '../media/port';
import type { Api } from '../protocol/api';
import { makeRoom } from '../protocol/enter';
import type { ClientEvents } from '../protocol/events';
import { nameFault, parseRoomInput, roomOfPath } from '../protocol/room';
import { nameFaultText, notMadeText } from './answers';
import { Call } from './call';
import { Door } from './door';
import type { Store } from './events';
import { Hosting } from './hosting';
import { Identity } from './identity';
import type { SignalPort, Surroundings } from './ports';
import { accountPageOf } from './routes';
import { Memory } from './saved';
import type { Account, Actions } from './types';
import { Voice } from './voice';
import * as words from './words';

export class Controller implements Actions {
  readonly #store: Store;
  readonly #media: MediaPort;
  readonly #around: Surroundings;
  readonly #memory: Memory;
  readonly #voice: Voice;
  readonly #call: Call;
  readonly #door: Door;
  readonly #identity: Identity;
  readonly hosting: Hosting;
  /** The room that this page has made: nobody can be in it, so no offer goes with `join`. */
  #made = '';
  /** The name is the person's own word, and not to be replaced by the account's. */
  #named = false;

  constructor(
    store: Store,
    media: MediaPort,
    around: Surroundings,
    connect: (events: ClientEvents) => SignalPort,
  ) {
    this.#store = store;
    this.#media = media;
    this.#around = around;
    this.#voice = new Voice(store, around);
    this.#memory = Memory.of(around);
    const unknown = () => this.#call.end('room-unknown');
    this.#door = new Door({ store, api: () => this.api, unknown });
    this.#call = new Call(store, media, around, this.#memory, this.#door, connect, () => this.#signedOut());
    this.hosting = new Hosting(this.#call.signal, store);
    this.#identity = new Identity({
      store,
      around,
      replace: (path) => {
        around.router.replace(path);
        this.route();
      },
      known: (account) => this.#known(account),
      reconnect: () => this.#call.signal.restart(),
    });
  }

  /** The page has been loaded. */
  start(): void {
    const saved = this.#memory.loadCall();
    this.#store.dispatch({ type: 'name', name: this.#memory.loadName() });
    this.route(saved?.room);
    if (saved) this.#store.dispatch({ type: 'name', name: saved.name });
    if (saved && saved.room === this.#store.state.room) this.#call.resume(saved);
    else if (saved) {
      this.#memory.forgetCall();
      this.#memory.forgetSeat(saved.room);
      this.#call.abandon(saved);
    } else this.#call.signal.start();
    this.askAccount();
  }

  /** Show what the address says; the person may have gone back. @resuming a room that we are in. */
  route(resuming = ''): void {
    const { router } = this.#around;
    const path = router.path();
    const room = roomOfPath(path);
    const page = accountPageOf(path);
    if (room && room === this.#store.state.room) return;
    this.#call.exit();
    if (!room) this.#door.left();
    if (page) {
      this.#media.local.stop();
      this.#identity.open(page);
    } else if (room) {
      this.#openRoom(room, resuming === room);
    } else {
      this.#media.local.stop();
      this.#store.dispatch({ type: 'home' });
      if (path.startsWith('/r/')) this.#store.dispatch({ type: 'home-error', text: words.NO_SUCH_CODE });
    }
  }

  #openRoom(room: string, resuming: boolean): void {
    const seat = this.#memory.loadSeat(room);
    if (seat) this.#store.dispatch({ type: 'name', name: seat.name });
    this.#named ||= resuming || seat !== undefined;
    this.#store.dispatch({ type: 'room', room, link: `${this.#around.router.origin}/r/${room}` });
    if (resuming) this.#door.resumed(room);
    else this.#door.opened(room, seat !== undefined, room === this.#made);
    this.#media.local.start();
  }

  go(path: string): void {
    if (path !== this.#around.router.path()) this.#around.router.push(path);
    this.route();
  }

  // Who is signed in.

  get api(): Api {
    return this.#identity.api;
  }

  signInFirst(next: string): void {
    this.#identity.signInFirst(next);
    this.go('/signin');
  }

  /** Whoever has signed in is called by the name of the account, until they say another. */
  #known(account: Account | null): void {
    const { page, door } = this.#store.state;
    if (!this.#named && this.#call.out)
      this.#store.dispatch({ type: 'name', name: account?.name ?? this.#memory.loadName() });
    if (account && page === 'prejoin' && door.state === 'members') this.#door.ask();
  }

  /** The account has been signed out elsewhere: begin again as whoever we are now. */
  #signedOut(): void {
    this.#call.signal.restart();
    this.askAccount();
  }

  signOut(): void {
    void this.#identity.signOut();
  }

  signedIn(account: Account): void {
    this.#identity.signedIn(account);
  }

  accountChanged(account: Account): void {
    this.#identity.changed(account);
  }

  accountDeleted(): void {
    this.#identity.gone();
    this.#voice.say(words.ACCOUNT_DELETED);
  }

  say(text: string): void {
    this.#voice.say(text);
  }

  copy(text: string, copied: string): void {
    this.#voice.copy(text, copied, words.NOT_COPIED);
  }

  askAccount(): void {
    void this.#identity.ask();
  }

  // What the browser tells.

  networkChanged(certain: boolean): void {
    this.#call.networkChanged(certain);
  }

  pageShown(fromCache: boolean): void {
    if (fromCache) this.#call.signal.reconnect();
    else this.#call.signal.poke();
    if (this.#call.out) this.askAccount(); // another tab may have signed in or out
  }

  pageHides(): void {
    this.#call.closing();
  }

  devicesChanged(devices: Devices): void {
    this.#store.dispatch({ type: 'devices', devices });
    this.#call.sayMedia();
  }

  trackChanged(kind: DeviceKind, track: MediaStreamTrack | null): void {
    if (track) this.#media.timeline.mark('media');
    this.#call.setTrack(kind, track);
  }

  // Actions.

  startCall(): void {
    if (this.#store.state.creating) return;
    this.#store.dispatch({ type: 'creating', on: true });
    void makeRoom(this.api).then((made) => {
      if (!this.#store.state.creating) return; // gone elsewhere meanwhile
      if (made.ok) {
        this.#made = made.value;
        this.go(`/r/${made.value}`);
      } else {
        this.#store.dispatch({ type: 'home-error', text: notMadeText(made.fault) });
        if (made.fault.code === 'not_signed_in') this.signInFirst('/');
      }
    });
  }

  openRoom(text: string): void {
    const room = parseRoomInput(text);
    if (room) this.go(`/r/${room}`);
    else this.#store.dispatch({ type: 'home-error', text: words.NO_SUCH_CODE });
  }

  goHome(): void {
    this.go('/');
  }

  setName(name: string): void {
    this.#named ||= name !== this.#store.state.name;
    this.#store.dispatch({ type: 'name', name });
  }

  setDevice(kind: DeviceKind, on: boolean): void {
    this.#media.local.set(kind, on);
  }

  chooseDevice(kind: DeviceKind | 'speaker', deviceId: string): void {
    this.#media.local.choose(kind, deviceId);
  }

  join(password?: string): void {
    const { page, room, name, account } = this.#store.state;
    if (page !== 'prejoin' || !this.#call.out) return;
    const fault = nameFault(name);
    if (fault) {
      this.#store.dispatch({ type: 'name-error', text: nameFaultText(fault) });
      return;
    }
    this.#media.timeline.mark('click');
    if (name.trim() !== account?.name) this.#memory.saveName(name.trim());
    this.#call.enter(room !== this.#made, this.#memory.loadSeat(room), password);
    this.#made = '';
  }

  leave(): void {
    if (!this.#call.out) this.#call.end('left');
  }

  rejoin(): void {
    const { room, link, page } = this.#store.state;
    if (page !== 'ended' || room === '') return;
    const { signal } = this.#call;
    if (signal.state === 'replaced' || signal.state === 'failed') signal.restart();
    this.#store.dispatch({ type: 'room', room, link });
    this.#door.opened(room, this.#memory.loadSeat(room) !== undefined, false);
    this.#media.local.start();
  }

  askDoor(): void {
    this.#door.ask();
  }

  copyLink(): void {
    this.#voice.copy(this.#store.state.link, words.LINK_COPIED, words.LINK_NOT_COPIED);
  }

  dismissNotice(id: number): void {
    this.#store.dispatch({ type: 'dismiss', id });
  }

  localStream(): MediaStream | null {
    return this.#media.local.stream();
  }

  peerStream(participant: string): MediaStream | null {
    return this.#call.peer(participant)?.stream() ?? null;
  }

  micLevel(): number {
    return this.#media.local.level();
  }

  frameShown(participant: string): void {
    this.#media.timeline.mark('first-frame');
    this.#store.dispatch({ type: 'frame', participant });
  }

  timeline(): readonly TimelineEntry[] {
    return this.#media.timeline.entries();
  }

  async peerStats(participant: string): Promise<Readonly<Record<string, string>>> {
    return (await this.#call.peer(participant)?.stats()) ?? {};
  }
}
